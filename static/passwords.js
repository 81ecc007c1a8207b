// Shows and hides passwords; ticks the rules that a new password meets.
"use strict";
for (const button of document.querySelectorAll("[data-reveals]")) {
  const field = document.getElementById(button.dataset.reveals);
  const words = { text: button.textContent, label: button.getAttribute("aria-label") };
  const show = (visible) => {
    field.type = visible ? "text" : "password";
    button.textContent = visible ? button.dataset.shown : words.text;
    button.setAttribute("aria-label", visible ? button.dataset.shownLabel : words.label);
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    show(field.type === "password");
    field.focus();
  });
  // Browsers keep what was typed into a visible field, so it is hidden before it is sent.
  field.form.addEventListener("submit", () => show(false));
}
const tests = {
  length: (text, item) => [...text].length >= Number(item.dataset.shortest),
  lower: (text) => /\p{Ll}/u.test(text),
  upper: (text) => /\p{Lu}/u.test(text),
  digit: (text) => /\p{Nd}/u.test(text),
  symbol: (text) => /[^\p{L}\p{Nd}\s]/u.test(text),
};
const rules = document.querySelectorAll("[data-rule]");
if (rules.length) {
  const field = document.getElementById("new_password");
  field.addEventListener("input", () => {
    for (const item of rules) item.classList.toggle("met", tests[item.dataset.rule](field.value, item));
  });
}
