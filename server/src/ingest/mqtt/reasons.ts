/**
 * What a broker or the network says, as sentences for the person who set up the source.
 * Holds no secret: a password, a key or the user part of an address never enters a sentence.
 */

import { type PlainReason, type ReasonWith, sayReason } from '@torv/core/reasons';

/** MQTT 3.1.1, 3.2.2.3: return codes of CONNACK. */
const CONNECT_RETURN_CODES: Readonly<Record<number, PlainReason>> = {
  1: 'mqtt_version',
  2: 'mqtt_client_id',
  3: 'mqtt_unavailable',
  4: 'mqtt_credentials',
  5: 'mqtt_user',
};

/** MQTT 5, 2.4: reason codes from 0x80 upwards, of whichever packet. */
const REASON_CODES: Readonly<Record<number, PlainReason>> = {
  128: 'mqtt_unspecified',
  129: 'mqtt_unreadable',
  130: 'mqtt_protocol',
  131: 'mqtt_implementation',
  132: 'mqtt_version',
  133: 'mqtt_client_id',
  134: 'mqtt_credentials',
  135: 'mqtt_not_permitted',
  136: 'mqtt_unavailable',
  137: 'mqtt_busy',
  138: 'mqtt_banned',
  139: 'mqtt_stopping',
  140: 'mqtt_authentication',
  141: 'mqtt_keepalive',
  142: 'mqtt_taken_over',
  143: 'mqtt_filter',
  144: 'mqtt_topic',
  145: 'mqtt_packet_used',
  147: 'mqtt_in_flight',
  148: 'mqtt_alias',
  149: 'mqtt_too_large',
  150: 'mqtt_too_fast',
  151: 'mqtt_quota',
  152: 'mqtt_administrator',
  153: 'mqtt_payload',
  154: 'mqtt_retained',
  155: 'mqtt_qos',
  156: 'mqtt_elsewhere',
  157: 'mqtt_moved',
  158: 'mqtt_no_shared',
  159: 'mqtt_rate',
  160: 'mqtt_longest',
  161: 'mqtt_no_identifiers',
  162: 'mqtt_no_wildcards',
};

const NETWORK_CODES: Readonly<Record<string, ReasonWith<'where'>>> = {
  ECONNREFUSED: 'net_nobody',
  ENOTFOUND: 'net_no_host',
  EAI_AGAIN: 'net_lookup',
  ETIMEDOUT: 'net_silent',
  EHOSTUNREACH: 'net_unreachable',
  ENETUNREACH: 'net_unreachable',
  ECONNRESET: 'net_closed',
  EPIPE: 'net_closed',
  EPROTO: 'net_tls',
  ERR_SSL_WRONG_VERSION_NUMBER: 'net_no_tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'net_self_signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'net_unknown_authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'net_unknown_authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'net_unknown_authority',
  CERT_HAS_EXPIRED: 'net_expired',
  CERT_NOT_YET_VALID: 'net_not_yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'net_other_name',
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
    ? sayReason('mqtt_user_check')
    : toReason(code, protocolVersion, reasonString);
}

/** @param reasonString what an MQTT 5 broker adds in its own words */
export function toReason(code: number, protocolVersion: 4 | 5, reasonString?: string): string {
  const table = protocolVersion === 4 || code < 128 ? CONNECT_RETURN_CODES : REASON_CODES;
  const known = table[code];
  const sentence = known === undefined ? sayReason('mqtt_code', { n: code }) : sayReason(known);
  const added = reasonString === undefined ? '' : tame(reasonString);
  return added === '' ? sentence : `${sentence} ${sayReason('mqtt_adds', { words: added })}`;
}

/** @param where host and port, never the user part */
export function toNetworkReason(error: Error, where: string): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = NETWORK_CODES[code];
  if (known !== undefined) return sayReason(known, { where });
  if (code === '' && /wrong version number/i.test(error.message)) return sayReason('net_no_tls', { where });
  return sayReason('net_failed', { where, words: code === '' ? tame(error.message) : code });
}
