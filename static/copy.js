// Copies a reference to the clipboard.
"use strict";
for (const button of document.querySelectorAll("[data-copies]")) {
  if (!navigator.clipboard) continue;
  const status = button.parentElement.querySelector("[data-copy-status]");
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.textContent = status.textContent = button.dataset.done;
    setTimeout(() => {
      button.textContent = words;
      status.textContent = "";
    }, 3000);
  });
}
