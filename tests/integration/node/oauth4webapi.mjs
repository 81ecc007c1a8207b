// Signs a person in with oauth4webapi, which checks every answer to the letter. The parent process is the browser.
import { createInterface } from "node:readline/promises";
import "./webcrypto.mjs";
import * as oauth from "oauth4webapi";

const { issuer, client_id, client_secret, redirect_uri, resource } = JSON.parse(process.argv[2]);
const input = createInterface({ input: process.stdin });
const say = (step, value) => process.stdout.write(`${JSON.stringify({ step, ...value })}\n`);
const loopback = { [oauth.allowInsecureRequests]: true };

const discovered = {};
for (const algorithm of ["oidc", "oauth2"]) {
  const answer = await oauth.discoveryRequest(new URL(issuer), { algorithm, ...loopback });
  discovered[algorithm] = await oauth.processDiscoveryResponse(new URL(issuer), answer);
}
const as = discovered.oauth2;
say("discovered", { same: JSON.stringify(discovered.oidc) === JSON.stringify(discovered.oauth2) });

const client = { client_id };
const authentication = client_secret ? oauth.ClientSecretPost(client_secret) : oauth.None();
const code_verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const nonce = oauth.generateRandomNonce();
const url = new URL(as.authorization_endpoint);
for (const [name, value] of Object.entries({
  client_id,
  redirect_uri,
  response_type: "code",
  scope: "openid email offline_access",
  code_challenge: await oauth.calculatePKCECodeChallenge(code_verifier),
  code_challenge_method: "S256",
  state,
  nonce,
  resource,
})) {
  url.searchParams.set(name, value);
}
say("open", { url: url.href });

const answer = new URL((await input[Symbol.asyncIterator]().next()).value);
const parameters = oauth.validateAuthResponse(as, client, answer, state);
const exchange = () =>
  oauth.authorizationCodeGrantRequest(as, client, authentication, parameters, redirect_uri, code_verifier, loopback);
const response = await exchange();
const expected = { expectedNonce: nonce, requireIdToken: true };
const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, expected);
await oauth.validateApplicationLevelSignature(as, response, loopback);
say("tokens", { claims: oauth.getValidatedIdTokenClaims(tokens), scope: tokens.scope });

// A resource server by RFC 9068: signature, type, issuer, audience and times of the access token.
const call = new Request(resource, { headers: { authorization: `Bearer ${tokens.access_token}` } });
say("access", { claims: await oauth.validateJwtAccessToken(as, call, resource, loopback) });

const repeated = await exchange();
const refused = await oauth.processAuthorizationCodeResponse(as, client, repeated).catch((error) => error);
const introspect = await oauth.introspectionRequest(as, client, authentication, tokens.access_token, loopback);
say("replayed", {
  error: refused.error,
  status: refused.status,
  introspection: await oauth.processIntrospectionResponse(as, client, introspect),
});

const own = await oauth.clientCredentialsGrantRequest(as, client, authentication, { resource }, loopback);
const granted = await oauth.processClientCredentialsResponse(as, client, own);
say("own", { token_type: granted.token_type, expires_in: granted.expires_in });
const revocation = await oauth.revocationRequest(as, client, authentication, granted.access_token, loopback);
say("revoked", { answer: (await oauth.processRevocationResponse(revocation)) ?? null });
input.close();
