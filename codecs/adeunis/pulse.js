// Adeunis Pulse (V2 to V4): two pulse inputs for electricity, gas, water or heat meters. First byte the kind of
// frame, second the status (bits 7-5 counter, bit 1 low battery, bit 2 in V4 a time at the end), numbers big endian.
// What a pulse is worth is known at the meter, not here: the totals stay pulses. The frames 5A and 5B hold the
// newest total of one input and steps back from it, whose period is not sent: only the newest is read.
// Layout: PULSE technical reference manual, 2 Radio protocol; 5A, 5B and the time: the maker's codec for Pulse 4.
function decodeUplink(input) {
  var bytes = input.bytes;

  function u16(i) {
    return bytes[i] * 256 + bytes[i + 1];
  }
  function u32(i) {
    return u16(i) * 65536 + u16(i + 2);
  }

  // Kinds that answer a question or tell the settings; no readings.
  var OTHER = {
    0x10: 'configuration',
    0x11: 'configuration',
    0x12: 'configuration',
    0x20: 'network',
    0x30: 'keep alive',
    0x31: 'registers',
    0x33: 'set registers',
  };

  if (!bytes || bytes.length < 2) return { errors: ['The payload is shorter than its header.'] };
  var kind = bytes[0];
  var data = { lowBattery: (bytes[1] & 2) !== 0, frameCounter: bytes[1] >> 5 };
  // Older devices use bit 2 for something else and send no time: the length decides.
  var timeBytes = bytes[1] & 4 ? 4 : 0;
  if (OTHER[kind]) {
    data.frame = OTHER[kind];
    return { data: data };
  }
  if (kind === 0x46) {
    if (bytes.length !== 10 && bytes.length !== 10 + timeBytes)
      return { errors: ['A data frame has 10 bytes; this one has ' + bytes.length + '.'] };
    data.frame = 'data';
    data.pulsesA = u32(2);
    data.pulsesB = u32(6);
    return { data: data };
  }
  if (kind === 0x47) {
    if (bytes.length !== 6 && bytes.length !== 6 + timeBytes)
      return { errors: ['A flow alarm has 6 bytes; this one has ' + bytes.length + '.'] };
    data.frame = 'flow alarm';
    data.pulsesPerHourA = u16(2);
    data.pulsesPerHourB = u16(4);
    return { data: data };
  }
  if (kind === 0x5a || kind === 0x5b) {
    if (bytes.length < 6 || bytes.length % 2 !== 0)
      return {
        errors: ['A frame of totals has 6 bytes and pairs of more; this one has ' + bytes.length + '.'],
      };
    data.frame = 'totals';
    data[kind === 0x5a ? 'pulsesA' : 'pulsesB'] = u32(2);
    return { data: data };
  }
  return { errors: ['Byte 0: frame 0x' + kind.toString(16) + ' is not known.'] };
}
