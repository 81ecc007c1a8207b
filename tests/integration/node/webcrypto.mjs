// Node.js 18 has the Web Cryptography API without the global name.
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
