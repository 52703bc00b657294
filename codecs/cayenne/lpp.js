// Cayenne LPP and its common extensions: records of channel, type and a big endian value. Each quantity is a
// list of {channel, value}; the channel number is the sender's own and goes into the measurement.
// Layout: myDevices' CayenneLPP library (0 to 136) and the tables of ElectronicCats/CayenneLPP for the extensions;
// a polyline (240) is not read.
function decodeUplink(input) {
  var bytes = input.bytes;
  var at = 0;
  var data = {};

  function unsigned(i, length) {
    var value = 0;
    for (var k = 0; k < length; k++) value = value * 256 + bytes[i + k];
    return value;
  }
  function signed(i, length) {
    var value = unsigned(i, length);
    var range = Math.pow(256, length);
    return value >= range / 2 ? value - range : value;
  }

  // type: [name, bytes, divisor, signed]; a list of names is a vector of equal parts.
  var TYPES = {
    0: ['digitalInput', 1, 1, false],
    1: ['digitalOutput', 1, 1, false],
    2: ['analogInput', 2, 100, true],
    3: ['analogOutput', 2, 100, true],
    100: ['generic', 4, 1, false],
    101: ['illuminance', 2, 1, false],
    102: ['presence', 1, 1, false],
    103: ['temperature', 2, 10, true],
    104: ['humidity', 1, 2, false],
    113: ['acceleration', 6, 1000, true, ['x', 'y', 'z']], // g
    115: ['pressure', 2, 10, false],
    116: ['voltage', 2, 100, false],
    117: ['current', 2, 1000, false],
    118: ['frequency', 4, 1, false],
    120: ['percentage', 1, 1, false],
    121: ['altitude', 2, 1, true],
    125: ['concentration', 2, 1, false], // ppm, of what is not said
    128: ['power', 2, 1, false], // W
    130: ['distance', 4, 1000, false], // m
    131: ['energy', 4, 1000, false], // kWh
    132: ['direction', 2, 1, false],
    133: ['time', 4, 1, false],
    134: ['rotation', 6, 100, true, ['x', 'y', 'z']],
    135: ['colour', 3, 1, false, ['red', 'green', 'blue']],
    142: ['switch', 1, 1, false],
  };

  function add(name, element) {
    if (!data[name]) data[name] = [];
    data[name].push(element);
  }

  if (!bytes || bytes.length === 0) return { errors: ['The payload is empty.'] };
  while (at < bytes.length) {
    if (at + 2 > bytes.length) return { errors: ['Byte ' + at + ': the record is cut off.'] };
    var channel = bytes[at];
    var number = bytes[at + 1];
    var length = number === 136 ? 9 : TYPES[number] ? TYPES[number][1] : 0;
    if (length === 0) return { errors: ['Byte ' + (at + 1) + ': type ' + number + ' is not known.'] };
    if (at + 2 + length > bytes.length) return { errors: ['Byte ' + at + ': the record is cut off.'] };
    var i = at + 2;
    if (number === 136) {
      add('position', {
        channel: channel,
        latitude: signed(i, 3) / 10000,
        longitude: signed(i + 3, 3) / 10000,
        altitude: signed(i + 6, 3) / 100,
      });
    } else {
      var type = TYPES[number];
      var element = { channel: channel };
      if (type[4]) {
        var part = type[1] / type[4].length;
        for (var k = 0; k < type[4].length; k++)
          element[type[4][k]] = (type[3] ? signed : unsigned)(i + k * part, part) / type[2];
      } else element.value = (type[3] ? signed(i, type[1]) : unsigned(i, type[1])) / type[2];
      add(type[0], element);
    }
    at += 2 + length;
  }
  return { data: data };
}
