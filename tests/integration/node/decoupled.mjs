// The device grant and CIBA with openid-client: a person answers somewhere else, and the parent process is that person.
import { createInterface } from "node:readline/promises";
import "./webcrypto.mjs";
import * as client from "openid-client";

const { issuer, client_id, client_secret, login_hint } = JSON.parse(process.argv[2]);
const lines = createInterface({ input: process.stdin });
const input = lines[Symbol.asyncIterator]();
const say = (step, value) => process.stdout.write(`${JSON.stringify({ step, ...value })}\n`);

const config = await client.discovery(new URL(issuer), client_id, { client_secret }, undefined, {
  execute: [client.allowInsecureRequests],
});
client.enableNonRepudiationChecks(config);

const shown = await client.initiateDeviceAuthorization(config, { scope: "openid profile" });
say("device", shown);
const polling = client.pollDeviceAuthorizationGrant(config, shown);
const onDevice = await polling;
say("device_tokens", { claims: onDevice.claims(), userinfo: await userinfo(onDevice) });

const started = await client.initiateBackchannelAuthentication(config, {
  scope: "openid profile",
  login_hint,
  binding_message: "Till 7",
});
say("background", started);
const inBackground = await client.pollBackchannelAuthenticationGrant(config, started);
say("background_tokens", { claims: inBackground.claims(), userinfo: await userinfo(inBackground) });

const refused = await client.initiateBackchannelAuthentication(config, { scope: "openid", login_hint });
say("to_be_refused", refused);
const error = await client.pollBackchannelAuthenticationGrant(config, refused).catch((reason) => reason);
say("refused", { error: error.error });
lines.close();

function userinfo(tokens) {
  return client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
}
