/** What became of a kept frame; the numbers stand in uplinks.state and are never reused. */
export const UPLINK_STATES = {
  /** Kept, not yet decoded: the decoder was away, or a claim has just given it a codec. Swept at start. */
  pending: 0,
  decoded: 1,
  /** The codec could not read it; `reason` says why. Can be replayed. */
  rejected: 2,
  /** The device is not claimed yet, or has no codec. */
  waiting: 3,
  /** Merged into another frame when a late copy joined the two. */
  merged: 4,
} as const;
export type UplinkState = keyof typeof UPLINK_STATES;
