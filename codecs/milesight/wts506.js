// Milesight WTS506 (and WTS505, which has no rain gauge): weather station. Records of channel, type and a little
// endian value. The rain total restarts with each accumulation phase, which the counter tells.
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
  function s16(i) {
    var value = u16(i);
    return value >= 32768 ? value - 65536 : value;
  }

  // 'channel type': [bytes of the value, reader]
  var RECORDS = {
    '01 75': [
      1,
      function (i) {
        return { battery: u8(i) }; // per cent
      },
    ],
    '03 67': [
      2,
      function (i) {
        return { temperature: s16(i) / 10 };
      },
    ],
    '04 68': [
      1,
      function (i) {
        return { humidity: u8(i) / 2 };
      },
    ],
    '05 84': [
      2,
      function (i) {
        return { windDirection: u16(i) / 10 }; // degrees the wind comes from
      },
    ],
    '06 73': [
      2,
      function (i) {
        return { pressure: u16(i) / 10 };
      },
    ],
    '07 92': [
      2,
      function (i) {
        return { windSpeed: u16(i) / 10 };
      },
    ],
    '08 77': [
      3,
      function (i) {
        return { rainfallTotal: u16(i) / 100, rainfallCounter: u8(i + 2) };
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
