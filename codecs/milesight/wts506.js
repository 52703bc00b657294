// Milesight WTS506 (and WTS505, which has no rain gauge): weather station. Records of channel, type and a little
// endian value. The rain total restarts with each accumulation phase, which the counter tells; newer devices send
// it in 32 bits. An alarm carries the value that caused it.
// Layout: the maker's own payload tables (Milesight-IoT/SensorDecoders, README of each model), read in 2026.
function decodeUplink(input) {
  function readHistory(i, length) {
    return {
      time: u32(i),
      temperature: s16(i + 4) / 10,
      humidity: u8(i + 6) / 2,
      pressure: u16(i + 7) / 10,
      windDirection: u16(i + 9) / 10,
      windSpeed: u16(i + 11) / 10,
      rainfallTotal: (length === 17 ? u32(i + 13) : u16(i + 13)) / 100,
    };
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
    '08 ec': [
      5,
      function (i) {
        return { rainfallTotal: u32(i) / 100, rainfallCounter: u8(i + 4) };
      },
    ],
    '83 67': [
      3,
      function (i) {
        return { temperature: s16(i) / 10, alarm: true };
      },
    ],
    '86 73': [
      3,
      function (i) {
        return { pressure: u16(i) / 10, alarm: true };
      },
    ],
    '87 92': [
      3,
      function (i) {
        return { windSpeed: u16(i) / 10, alarm: true };
      },
    ],
    '88 ec': [
      6,
      function (i) {
        return { rainfallTotal: u32(i) / 100, rainfallCounter: u8(i + 4), alarm: true };
      },
    ],
  };

  // 'channel type': [bytes that a record with its time may have, reader]
  var HISTORIES = {
    '20 ce': [[15], readHistory],
    '21 ce': [[17], readHistory],
  };

  // --- The reader that all Milesight scripts share. Edit it in am300.js, then: npx vitest run codecs/milesight -u
  var bytes = input.bytes;
  var at = 0;
  var data = {};
  var history = [];

  // What a device says of itself after joining, 'channel type': bytes of the value. No readings.
  var DEVICE_INFO = {
    'ff 01': 1, // protocol version
    'ff 08': 6, // serial number
    'ff 09': 2, // hardware version
    'ff 0a': 2, // firmware version
    'ff 0b': 1, // power on
    'ff 0c': 1, // power off
    'ff 0f': 1, // LoRaWAN class
    'ff 16': 8, // serial number
    'ff 18': 2, // sensors that are on
    'ff 1f': 4, // firmware version
    'ff fe': 1, // reset
    'ff ff': 2, // version of the product's description
  };

  function hex(from, to) {
    var text = '';
    for (var i = from; i < to; i++) text += (bytes[i] < 16 ? '0' : '') + bytes[i].toString(16);
    return text;
  }
  function keyAt(i) {
    return hex(i, i + 1) + ' ' + (i + 1 < bytes.length ? hex(i + 1, i + 2) : '');
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
  function u32(i) {
    return u16(i) + u16(i + 2) * 65536;
  }
  // IEEE 754 single; null where the bits are no number.
  function f32(i) {
    var bits = u32(i);
    var exponent = Math.floor(bits / 8388608) % 256;
    var fraction = bits % 8388608;
    if (exponent === 255) return null;
    var size =
      exponent === 0 ? fraction * Math.pow(2, -149) : (fraction + 8388608) * Math.pow(2, exponent - 150);
    return Number((bits >= 2147483648 ? -size : size).toPrecision(7));
  }
  function entryOf(table, key) {
    return Object.prototype.hasOwnProperty.call(table, key) ? table[key] : undefined;
  }
  // A history record does not tell its length. Where the family knows several, it is the one with which only
  // records of the same kind follow up to the end.
  function historyLength(i, key, lengths) {
    for (var k = 0; k < lengths.length; k++) {
      var next = i + lengths[k];
      if (lengths.length === 1) return next <= bytes.length ? lengths[0] : -1;
      while (next < bytes.length && keyAt(next) === key) next += 2 + lengths[k];
      if (next === bytes.length) return lengths[k];
    }
    return -1;
  }

  if (!bytes || bytes.length === 0) return { errors: ['The payload is empty.'] };
  while (at < bytes.length) {
    var key = keyAt(at);
    var past = entryOf(HISTORIES, key);
    if (past) {
      var lengths = typeof past[0] === 'function' ? past[0](at + 2) : past[0];
      var length = historyLength(at + 2, key, lengths);
      if (length < 0) return { errors: ['Byte ' + at + ': the history has a length that is not known.'] };
      history.push(past[1](at + 2, length));
      at += 2 + length;
      continue;
    }
    var record = entryOf(RECORDS, key);
    var size = record ? record[0] : entryOf(DEVICE_INFO, key);
    if (size === undefined)
      return { errors: ['Byte ' + at + ': channel and type "' + key + '" are not known.'] };
    if (at + 2 + size > bytes.length)
      return { errors: ['Byte ' + at + ': the value of "' + key + '" is cut off.'] };
    var fields = record ? record[1](at + 2) : { deviceInfo: true };
    if (!fields) return { errors: ['Byte ' + (at + 2) + ': the value of "' + key + '" is not documented.'] };
    for (var name in fields) data[name] = fields[name];
    at += 2 + size;
  }
  if (history.length > 0) data.history = history;
  return { data: data };
}
