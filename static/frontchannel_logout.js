// Goes on to the application once the others' pages are loaded, or when one of them takes too long.
"use strict";
(function () {
  var link = document.getElementById("continue");
  var isGone = false;

  function goOn() {
    if (!isGone) {
      isGone = true;
      window.location.replace(link.href);
    }
  }

  if (!link) {
    return;
  }
  if (document.readyState === "complete") {
    goOn();
  } else {
    window.addEventListener("load", goOn);
    window.setTimeout(goOn, 4000);
  }
})();
