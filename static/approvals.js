// Looks again while nothing waits; once something does, nobody's reading is disturbed.
if (document.querySelector("[data-looks-again]")) {
  setTimeout(() => location.reload(), 5000);
}
