// Answers "client_id session_state" with changed, unchanged or error (OpenID Connect Session Management 1.0, section 3.2).
// Written for old browsers too; the hash is its own, because crypto.subtle is neither everywhere nor synchronous.
"use strict";
(function () {
  var cookie = document.querySelector("meta[name=browser-state-cookie]").getAttribute("content");

  function browserState() {
    var found = document.cookie.split("; ").filter(function (pair) {
      return pair.indexOf(cookie + "=") === 0;
    });
    return found.length ? found[0].substring(cookie.length + 1) : null;
  }

  function fraction(root) {
    return ((root - Math.floor(root)) * 0x100000000) | 0;
  }

  // FIPS 180-4: the constants are the fractions of the roots of the first primes.
  var constants = [];
  var initial = [];
  for (var candidate = 2; constants.length < 64; candidate += 1) {
    var isPrime = true;
    for (var divisor = 2; divisor * divisor <= candidate; divisor += 1) {
      if (candidate % divisor === 0) {
        isPrime = false;
      }
    }
    if (isPrime) {
      if (initial.length < 8) {
        initial.push(fraction(Math.sqrt(candidate)));
      }
      constants.push(fraction(Math.pow(candidate, 1 / 3)));
    }
  }

  function rotated(word, by) {
    return (word >>> by) | (word << (32 - by));
  }

  function padded(text) {
    var bytes = unescape(encodeURIComponent(text));
    var words = [];
    var index;
    for (index = 0; index < bytes.length; index += 1) {
      words[index >> 2] |= bytes.charCodeAt(index) << (24 - (index % 4) * 8);
    }
    words[index >> 2] |= 0x80 << (24 - (index % 4) * 8);
    var length = (((bytes.length + 8) >> 6) + 1) * 16;
    for (index = 0; index < length; index += 1) {
      words[index] |= 0;
    }
    words[length - 1] = bytes.length * 8;
    return words;
  }

  function schedule(words, start) {
    var w = words.slice(start, start + 16);
    for (var i = 16; i < 64; i += 1) {
      var s0 = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ (w[i - 15] >>> 3);
      var s1 = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ (w[i - 2] >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    return w;
  }

  function sha256(text) {
    var words = padded(text);
    var state = initial.slice();
    for (var start = 0; start < words.length; start += 16) {
      var w = schedule(words, start);
      var v = state.slice();
      for (var i = 0; i < 64; i += 1) {
        var s1 = rotated(v[4], 6) ^ rotated(v[4], 11) ^ rotated(v[4], 25);
        var choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        var first = (v[7] + s1 + choice + constants[i] + w[i]) | 0;
        var s0 = rotated(v[0], 2) ^ rotated(v[0], 13) ^ rotated(v[0], 22);
        var majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        v = [(first + s0 + majority) | 0, v[0], v[1], v[2], (v[3] + first) | 0, v[4], v[5], v[6]];
      }
      for (var j = 0; j < 8; j += 1) {
        state[j] = (state[j] + v[j]) | 0;
      }
    }
    return state.map(function (word) {
      return ("0000000" + (word >>> 0).toString(16)).slice(-8);
    }).join("");
  }

  function answer(asked, origin, state) {
    return sha256(asked.client + " " + origin + " " + state + " " + asked.salt) === asked.hash ? "unchanged" : "changed";
  }

  function understood(message) {
    var found = typeof message === "string" ? /^([^ ]+) ([0-9a-f]{64})\.([A-Za-z0-9_-]+)$/.exec(message) : null;
    return found && { client: found[1], hash: found[2], salt: found[3] };
  }

  window.addEventListener("message", function (event) {
    if (!event.source || event.source === window) {
      return;
    }
    function reply(word) {
      event.source.postMessage(word, event.origin);
    }
    var asked = understood(event.data);
    if (!asked) {
      reply("error");
      return;
    }
    var state = browserState();
    if (state !== null) {
      reply(answer(asked, event.origin, state));
    } else if (document.hasStorageAccess) {
      // A browser that keeps cookies from frames hides the state: that is no sign of a logout.
      document.hasStorageAccess().then(function (allowed) {
        reply(allowed ? "changed" : "error");
      }, function () {
        reply("error");
      });
    } else {
      reply("changed");
    }
  });
})();
