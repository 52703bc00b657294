// Milesight VS121: people counter over regions and lines. It sends counts only, no picture.
// Line counts since the last report (periodic) and since the last reset (total, 16 bits) are different fields.
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
    '04 c9': [
      4,
      function (i) {
        var regions = u8(i + 1);
        var bits = u8(i + 2) * 256 + u8(i + 3); // big endian, region 1 is the lowest bit
        var occupied = [];
        for (var r = 0; r < regions && r < 16; r++) if ((bits >> r) & 1) occupied.push(r + 1);
        return { people: u8(i), regions: regions, occupiedRegions: occupied };
      },
    ],
    '05 cc': [
      4,
      function (i) {
        return { periodicIn: u16(i), periodicOut: u16(i + 2) };
      },
    ],
    '06 cd': [
      1,
      function (i) {
        return { maxPeople: u8(i) };
      },
    ],
    '07 d5': [
      8,
      function (i) {
        return { peopleInRegions1To8: bytes.slice(i, i + 8) };
      },
    ],
    '08 d5': [
      8,
      function (i) {
        return { peopleInRegions9To16: bytes.slice(i, i + 8) };
      },
    ],
    '09 da': [
      8,
      function (i) {
        return { flowFromA: [u16(i), u16(i + 2), u16(i + 4), u16(i + 6)] };
      },
    ],
    '0a da': [
      8,
      function (i) {
        return { flowFromB: [u16(i), u16(i + 2), u16(i + 4), u16(i + 6)] };
      },
    ],
    '0b da': [
      8,
      function (i) {
        return { flowFromC: [u16(i), u16(i + 2), u16(i + 4), u16(i + 6)] };
      },
    ],
    '0c da': [
      8,
      function (i) {
        return { flowFromD: [u16(i), u16(i + 2), u16(i + 4), u16(i + 6)] };
      },
    ],
    '0d cc': [
      4,
      function (i) {
        return { totalIn: u16(i), totalOut: u16(i + 2) };
      },
    ],
    '0e e4': [
      5,
      function (i) {
        return { dwellRegion: u8(i), dwellAverageS: u16(i + 1), dwellMaximumS: u16(i + 3) }; // region 0: all
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
    for (var name in fields) data[name] = fields[name];
    at += 2 + record[0];
  }
  return { data: data };
}
