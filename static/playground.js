// Hands on the answer that came behind the # of the address.
"use strict";
if (location.hash.length > 1) {
  document.getElementById("answer").value = location.hash;
  history.replaceState(null, "", location.pathname);
  document.getElementById("fragment").submit();
}
