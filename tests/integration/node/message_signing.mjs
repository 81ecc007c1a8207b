// FAPI 2.0 Message Signing with openid-client: keys for authentication, requests and tokens, nothing in the browser but
// signed JSON Web Tokens. The parent process is the browser, as in openid_client.mjs.
import { createInterface } from "node:readline/promises";
import "./webcrypto.mjs";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";

const { issuer, client_id, redirect_uri, jwk, resource, exchanged_for } = JSON.parse(process.argv[2]);
const input = createInterface({ input: process.stdin });
const say = (step, value) => process.stdout.write(`${JSON.stringify({ step, ...value })}\n`);
const imported = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
const key = { key: imported, kid: jwk.kid };

const metadata = { id_token_signed_response_alg: "ES256", authorization_signed_response_alg: "ES256" };
const config = await client.discovery(new URL(issuer), client_id, metadata, client.PrivateKeyJwt(key), {
  execute: [client.allowInsecureRequests],
});
client.useJwtResponseMode(config);
client.enableNonRepudiationChecks(config);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));

const pkceCodeVerifier = client.randomPKCECodeVerifier();
const nonce = client.randomNonce();
const asked = {
  redirect_uri,
  scope: "openid profile offline_access read",
  resource,
  nonce,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: "S256",
};
const signed = await client.buildAuthorizationUrlWithJAR(config, asked, key);
const url = await client.buildAuthorizationUrlWithPAR(config, signed.searchParams, { DPoP });
say("open", { url: url.href });

const answer = new URL((await input[Symbol.asyncIterator]().next()).value);
const checks = { pkceCodeVerifier, expectedNonce: nonce, idTokenExpected: true };
const tokens = await client.authorizationCodeGrant(config, answer, checks, { resource }, { DPoP });
say("tokens", { claims: tokens.claims(), token_type: tokens.token_type, scope: tokens.scope });

const again = await client.refreshTokenGrant(config, tokens.refresh_token, { resource }, { DPoP });
say("refreshed", { token_type: again.token_type, scope: again.scope });

const exchange = await client.genericGrantRequest(
  config,
  "urn:ietf:params:oauth:grant-type:token-exchange",
  {
    subject_token: again.access_token,
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    resource: exchanged_for,
  },
  { DPoP },
);

say("exchanged", { issued_token_type: exchange.issued_token_type, token_type: exchange.token_type });

// A resource server that asks for a signed answer and checks its signature (RFC 9701).
const [as, me, loopback] = [config.serverMetadata(), { client_id }, { [oauth.allowInsecureRequests]: true }];
const told = await oauth.introspectionRequest(as, me, oauth.PrivateKeyJwt(key), exchange.access_token, {
  requestJwtResponse: true,
  ...loopback,
});
const introspection = await oauth.processIntrospectionResponse(
  as,
  { ...me, introspection_signed_response_alg: "ES256" },
  told,
);
await oauth.validateApplicationLevelSignature(as, told, loopback);
say("introspected", { introspection, type: told.headers.get("content-type") });
input.close();
