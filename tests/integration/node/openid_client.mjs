// Signs a person in with openid-client. The parent process is the browser: it reads the address to open from our
// standard output and writes the address of the answer to our standard input. Every step is one line of JSON.
import { createInterface } from "node:readline/promises";
import "./webcrypto.mjs";
import * as client from "openid-client";

const { issuer, client_id, client_secret, redirect_uri, resource, algorithm } = JSON.parse(process.argv[2]);
const input = createInterface({ input: process.stdin });
const say = (step, value) => process.stdout.write(`${JSON.stringify({ step, ...value })}\n`);
const outcome = (promise) => promise.then((value) => ({ value }), (error) => ({ error: error.error ?? error.message }));

const metadata = { client_secret, id_token_signed_response_alg: algorithm };
const authentication = client_secret ? client.ClientSecretBasic(client_secret) : client.None();
const config = await client.discovery(new URL(issuer), client_id, metadata, authentication, {
  execute: [client.allowInsecureRequests],
});
client.enableNonRepudiationChecks(config);

const code_verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const url = client.buildAuthorizationUrl(config, {
  redirect_uri,
  scope: "openid profile email offline_access",
  code_challenge: await client.calculatePKCECodeChallenge(code_verifier),
  code_challenge_method: "S256",
  state,
  nonce,
  max_age: "3600",
  prompt: "consent",
  ...(resource ? { resource } : {}),
});
say("open", { url: url.href });

const answer = new URL((await input[Symbol.asyncIterator]().next()).value);
const tokens = await client.authorizationCodeGrant(config, answer, {
  pkceCodeVerifier: code_verifier,
  expectedState: state,
  expectedNonce: nonce,
  maxAge: 3600,
  idTokenExpected: true,
});
const claims = tokens.claims();
say("tokens", { claims, scope: tokens.scope, expires_in: tokens.expires_in, token_type: tokens.token_type });
if (!resource) say("userinfo", await client.fetchUserInfo(config, tokens.access_token, claims.sub));

const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
say("refreshed", { claims: refreshed.claims(), rotated: refreshed.refresh_token !== tokens.refresh_token });
if (client_secret) say("introspected", await client.tokenIntrospection(config, refreshed.access_token));

await client.tokenRevocation(config, refreshed.refresh_token);
say("revoked", {
  refresh: await outcome(client.refreshTokenGrant(config, refreshed.refresh_token)),
  introspection: client_secret ? await client.tokenIntrospection(config, refreshed.access_token) : null,
  userinfo: resource ? null : await outcome(client.fetchUserInfo(config, refreshed.access_token, claims.sub)),
});

const post_logout_redirect_uri = new URL("/signed-out", redirect_uri).href;
const leave = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri, state });
say("leave", { url: leave.href, state });
input.close();
