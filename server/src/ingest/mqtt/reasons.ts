/**
 * What a broker or the network says, as sentences for the person who set up the source.
 * Holds no secret: a password, a key or the user part of an address never enters a sentence.
 */

/** MQTT 3.1.1, 3.2.2.3: return codes of CONNACK. */
const CONNECT_RETURN_CODES: Readonly<Record<number, string>> = {
  1: 'The broker does not speak this version of MQTT.',
  2: 'The broker refused the client id.',
  3: 'The broker is not available right now.',
  4: 'The broker refused the user name or the password.',
  5: 'The broker does not let this user in.',
};

/** MQTT 5, 2.4: reason codes from 0x80 upwards, of whichever packet. */
const REASON_CODES: Readonly<Record<number, string>> = {
  128: 'The broker gave an unspecified error.',
  129: 'The broker could not read what was sent to it.',
  130: 'The broker says that the protocol was not kept.',
  131: 'The broker could not do this.',
  132: 'The broker does not speak this version of MQTT.',
  133: 'The broker refused the client id.',
  134: 'The broker refused the user name or the password.',
  135: 'The broker does not permit this to the user.',
  136: 'The broker is not available right now.',
  137: 'The broker is busy.',
  138: 'The broker has banned this client.',
  139: 'The broker is shutting down.',
  140: 'The broker wants another kind of authentication.',
  141: 'The broker heard nothing for too long.',
  142: 'Another client has connected with the same client id.',
  143: 'The broker refused the topic filter.',
  144: 'The broker refused the topic.',
  145: 'The broker says that a packet number is in use.',
  147: 'The broker says that too many messages were in flight.',
  148: 'The broker refused a topic alias.',
  149: 'A packet was too large for the broker.',
  150: 'The broker says that messages came too fast.',
  151: 'A quota of the broker is used up.',
  152: 'An administrator of the broker closed the connection.',
  153: 'The broker refused the form of the payload.',
  154: 'The broker keeps no retained messages.',
  155: 'The broker does not support this quality of service.',
  156: 'The broker says: use another server for now.',
  157: 'The broker has moved to another server.',
  158: 'The broker has no shared subscriptions.',
  159: 'The broker limits how often a client may connect.',
  160: 'The broker ended the connection because its longest time was reached.',
  161: 'The broker has no subscription identifiers.',
  162: 'The broker has no subscriptions with wildcards.',
};

const NETWORK_CODES: Readonly<Record<string, (where: string) => string>> = {
  ECONNREFUSED: (where) => `Nothing listens at ${where}.`,
  ENOTFOUND: (where) => `There is no host of the name in ${where}.`,
  EAI_AGAIN: (where) => `The name in ${where} could not be looked up right now.`,
  ETIMEDOUT: (where) => `${where} does not answer.`,
  EHOSTUNREACH: (where) => `${where} cannot be reached from here.`,
  ENETUNREACH: (where) => `${where} cannot be reached from here.`,
  ECONNRESET: (where) => `${where} closed the connection.`,
  EPIPE: (where) => `${where} closed the connection.`,
  EPROTO: (where) => `${where} does not speak TLS there, or not a version of it that is accepted.`,
  ERR_SSL_WRONG_VERSION_NUMBER: (where) =>
    `${where} does not speak TLS there: use mqtt:// or the broker's TLS port.`,
  DEPTH_ZERO_SELF_SIGNED_CERT: (where) =>
    `The certificate of ${where} is self-signed: give its certificate as the certificate authority.`,
  SELF_SIGNED_CERT_IN_CHAIN: (where) =>
    `The certificate of ${where} comes from an authority that is not known here: give that authority's certificate.`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: (where) =>
    `The certificate of ${where} comes from an authority that is not known here: give that authority's certificate.`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: (where) =>
    `The certificate of ${where} comes from an authority that is not known here: give that authority's certificate.`,
  CERT_HAS_EXPIRED: (where) => `The certificate of ${where} has expired.`,
  CERT_NOT_YET_VALID: (where) => `The certificate of ${where} is not valid yet.`,
  ERR_TLS_CERT_ALTNAME_INVALID: (where) => `The certificate of ${where} is for another host name.`,
};

/** A text from outside, short and without anything that could disturb a terminal or a log. */
function tame(text: string): string {
  return text
    .replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, ' ')
    .trim()
    .slice(0, 200);
}

/** Of CONNACK: there, 135 is what brokers answer to a wrong password (Mosquitto among them). */
export function toConnectReason(code: number, protocolVersion: 4 | 5, reasonString?: string): string {
  return code === 135 || (code === 5 && protocolVersion === 4)
    ? 'The broker does not let this user in: check the user name and the password.'
    : toReason(code, protocolVersion, reasonString);
}

/** @param reasonString what an MQTT 5 broker adds in its own words */
export function toReason(code: number, protocolVersion: 4 | 5, reasonString?: string): string {
  const table = protocolVersion === 4 || code < 128 ? CONNECT_RETURN_CODES : REASON_CODES;
  const sentence = table[code] ?? `The broker answered with code ${code}.`;
  const added = reasonString === undefined ? '' : tame(reasonString);
  return added === '' ? sentence : `${sentence} It says: "${added}"`;
}

/** @param where host and port, never the user part */
export function toNetworkReason(error: Error, where: string): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const sentence = NETWORK_CODES[code]?.(where);
  if (sentence !== undefined) return sentence;
  if (code === '' && /wrong version number/i.test(error.message)) {
    return `${where} does not speak TLS there: use mqtt:// or the broker's TLS port.`;
  }
  return `The connection to ${where} failed (${code === '' ? tame(error.message) : code}).`;
}
