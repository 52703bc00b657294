// Milesight WS302: sound level. A or C weighting and the fast time weighting are set in the device and sent with
// each report: L, Leq and Lmax come out under names that say so (LAF, LAeq, LAFmax).
function decodeUplink(input) {
  var bytes = input.bytes;
  var at = 0;

  function hex(from, to) {
    var text = '';
    for (var i = from; i < to; i++) text += (bytes[i] < 16 ? '0' : '') + bytes[i].toString(16);
    return text;
  }
  function u8(i) {
    return bytes[i];
  }
  function u16(i) {
    return bytes[i] + bytes[i + 1] * 256;
  }

  // 'channel type': [bytes of the value, reader]
  var RECORDS = {
    '01 75': [
      1,
      function (i) {
        return { battery: u8(i) }; // per cent
      },
    ],
    '05 5b': [
      7,
      function (i) {
        // Weighting decides what the three levels are, so it is part of their names.
        var weighting = u8(i) & 3;
        var time = u8(i) & 4 ? 'F' : '';
        if (weighting !== 1 && weighting !== 2) return null;
        var letter = weighting === 1 ? 'A' : 'C';
        var fields = {};
        fields['L' + letter + time] = u16(i + 1) / 10;
        fields['L' + letter + 'eq'] = u16(i + 3) / 10;
        fields['L' + letter + time + 'max'] = u16(i + 5) / 10;
        return fields;
      },
    ],
    // What a device says of itself after joining; no readings.
    'ff 01': [1, null],
    'ff 08': [6, null],
    'ff 09': [2, null],
    'ff 0a': [2, null],
    'ff 0b': [1, null],
    'ff 0f': [1, null],
    'ff 16': [8, null],
    'ff 18': [2, null],
    'ff 1f': [4, null],
  };

  if (!bytes || bytes.length === 0) return { errors: ['The payload is empty.'] };
  var data = {};
  while (at < bytes.length) {
    var key = hex(at, at + 1) + ' ' + (at + 1 < bytes.length ? hex(at + 1, at + 2) : '');
    var record = Object.prototype.hasOwnProperty.call(RECORDS, key) ? RECORDS[key] : undefined;
    if (!record) return { errors: ['Byte ' + at + ': channel and type "' + key + '" are not known.'] };
    if (at + 2 + record[0] > bytes.length)
      return { errors: ['Byte ' + at + ': the value of "' + key + '" is cut off.'] };
    var fields = record[1] ? record[1](at + 2) : { deviceInfo: true };
    if (!fields) return { errors: ['Byte ' + (at + 2) + ': the weighting mode is not known.'] };
    for (var name in fields) data[name] = fields[name];
    at += 2 + record[0];
  }
  return { data: data };
}
