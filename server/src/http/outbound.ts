/**
 * Where Torv may connect to by itself: never to this machine, the local network or a cloud's own addresses, unless
 * TORV_OUTBOUND_ALLOW names them. Checked on the address after resolution, which is then the one connected to, so
 * that a name cannot point elsewhere a moment later.
 */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { AppError } from '@torv/core/errors';
import { sayReason } from '@torv/core/reasons';

const CLOSED = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  CLOSED.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  CLOSED.addSubnet(network, bits, 'ipv6');
}

function isClosed(address: string): boolean {
  // ::ffff:127.0.0.1 is 127.0.0.1
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return CLOSED.check(mapped, 'ipv4');
  return CLOSED.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/**
 * The address to connect to for a host.
 * @param allow hosts and addresses from TORV_OUTBOUND_ALLOW
 * @throws AppError FORBIDDEN naming the address and the setting; BAD_REQUEST where the name does not resolve
 */
export async function resolveOutbound(host: string, allow: readonly string[]): Promise<string> {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  let addresses: readonly string[];
  if (isIP(name)) addresses = [name];
  else {
    try {
      addresses = (await lookup(name, { all: true })).map((found) => found.address);
    } catch (error) {
      throw new AppError('BAD_REQUEST', sayReason('net_no_name', { where: name.slice(0, 200) }), {
        at: 'url',
        cause: error,
      });
    }
  }
  const open = addresses.find(
    (address) => allow.includes(name) || allow.includes(address) || !isClosed(address),
  );
  if (open !== undefined) return open;
  throw new AppError('FORBIDDEN', sayReason('net_private', { where: name.slice(0, 200) }), {
    at: 'url',
    hint: sayReason('net_private_allow', { where: name.slice(0, 200) }),
  });
}
