// Milesight EM300 series: EM300-TH, and its relatives with a water leak probe (SLD, ZLD, MLD), a magnet switch
// (MCS) or a pulse input (DI). `input` is the state on channel 5: what it means is said by each model's mapping.
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
  function u32(i) {
    return u16(i) + u16(i + 2) * 65536;
  }
  // The record's length is not sent: it is the one with which only history records follow up to the end.
  function historyLength(i) {
    for (var k = 0; k < HISTORY_LENGTHS.length; k++) {
      var next = i + HISTORY_LENGTHS[k];
      while (next < bytes.length && bytes[next] === 0x20 && bytes[next + 1] === 0xce)
        next += 2 + HISTORY_LENGTHS[k];
      if (next === bytes.length) return HISTORY_LENGTHS[k];
    }
    return -1;
  }
  function readHistory(i, length) {
    var record = { time: u32(i), temperature: s16(i + 4) / 10, humidity: u8(i + 6) / 2 };
    if (length === 8) record.input = u8(i + 7);
    return record;
  }

  // Bytes of a history record with its time.
  var HISTORY_LENGTHS = [7, 8];

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
    '05 00': [
      1,
      function (i) {
        return { input: u8(i) };
      },
    ],
    '05 c8': [
      4,
      function (i) {
        return { pulses: u32(i) };
      },
    ],
    '06 00': [
      1,
      function (i) {
        return { magnet: u8(i) }; // 1 open
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
  var history = [];
  while (at < bytes.length) {
    var key = hex(at, at + 1) + ' ' + (at + 1 < bytes.length ? hex(at + 1, at + 2) : '');
    if (key === '20 ce') {
      var length = historyLength(at + 2);
      if (length < 0) return { errors: ['Byte ' + at + ': the history has a length that is not known.'] };
      history.push(readHistory(at + 2, length));
      at += 2 + length;
      continue;
    }
    var record = Object.prototype.hasOwnProperty.call(RECORDS, key) ? RECORDS[key] : undefined;
    if (!record) return { errors: ['Byte ' + at + ': channel and type "' + key + '" are not known.'] };
    if (at + 2 + record[0] > bytes.length)
      return { errors: ['Byte ' + at + ': the value of "' + key + '" is cut off.'] };
    var fields = record[1] ? record[1](at + 2) : { deviceInfo: true };
    for (var name in fields) data[name] = fields[name];
    at += 2 + record[0];
  }
  if (history.length > 0) data.history = history;
  return { data: data };
}
