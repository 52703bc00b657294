// Dragino LHT65 and LHT65N: temperature, humidity and one of several external sensors. Eleven bytes, big endian:
// battery, built-in temperature, humidity, status and kind of external sensor, four bytes of that sensor (they are
// absent where there is none). A logged record (poll reply, a resent report, or the time-stamped kinds 9 and 10) has
// the external value in the battery's place and the time in the last four bytes; it comes out under `history`.
// Layout: the maker's manuals of LHT65 (2.4, 2.6) and LHT65N (2.4) and its published decoders up to LHT65N 1.5.6.
// Bit 7 is told by those decoders alone: "no sensor connected" in old firmware, "resent" in newer; a time tells them apart.
function decodeUplink(input) {
  var bytes = input.bytes;
  var NO_PROBE = 0x7fff;
  var YEAR_2019 = 1546300800;

  function u16(i) {
    return bytes[i] * 256 + bytes[i + 1];
  }
  function u32(i) {
    return u16(i) * 65536 + u16(i + 2);
  }
  function hundredths(i) {
    var value = u16(i);
    return (value >= 32768 ? value - 65536 : value) / 100;
  }
  function humidity(i) {
    return (u16(i) & 0x0fff) / 10;
  }
  function hex(from, to) {
    var text = '';
    for (var i = from; i < to; i++) text += (bytes[i] < 16 ? '0' : '') + bytes[i].toString(16);
    return text;
  }
  function kindAt(i) {
    return bytes[i + 6] & 0x0f;
  }
  function isStamped(kind) {
    return kind === 9 || kind === 10;
  }
  function isLogged(i) {
    if (bytes[i + 6] & 0x40) return true;
    // A clock that was never set tells no time: such a time-stamped report is one of now.
    // Where no sensor is connected its value is 7FFF, which would be a time after 2038.
    var maybe = isStamped(kindAt(i)) || (bytes[i + 6] & 0x80) !== 0;
    return maybe && u32(i + 7) >= YEAR_2019 && u16(i + 7) < NO_PROBE;
  }
  function isEmpty(i) {
    for (var k = 0; k < 11; k++) if (bytes[i + k] !== 0) return false;
    return true;
  }
  // The value of a sensor of two bytes, wherever it stands; false where the kind is not known.
  function readValue(kind, i, fields) {
    if (kind === 1 || kind === 2 || kind === 11 || isStamped(kind)) {
      if (u16(i) === NO_PROBE) fields.externalSensorMissing = true;
      else fields.externalTemperature = hundredths(i);
    } else if (kind === 4) {
      fields.interruptPinHigh = bytes[i] === 1;
      fields.interrupt = bytes[i + 1] === 1;
    } else if (kind === 5) fields.illuminance = u16(i);
    else if (kind === 6)
      fields.adc = u16(i); // mV
    else if (kind === 7) fields.pulses = u16(i);
    else return kind === 0;
    return true;
  }
  function logged(i) {
    var record = { time: u32(i + 7), temperature: hundredths(i + 2), humidity: humidity(i + 4) };
    // Two bytes hold only a part of the large counter.
    if (kindAt(i) === 8) return record;
    return readValue(kindAt(i), i, record) ? record : null;
  }
  function unknownKind(i) {
    return { errors: ['Byte ' + (i + 6) + ': external sensor ' + kindAt(i) + ' is not known.'] };
  }

  if (!bytes || bytes.length === 0) return { errors: ['The payload is empty.'] };
  if (input.fPort === 5) {
    if (bytes.length < 7)
      return { errors: ['A device status has 7 bytes, this one has ' + bytes.length + '.'] };
    return { data: { deviceStatus: true, batteryVoltage: (u16(5) & 0x3fff) / 1000 } };
  }
  if (input.fPort === 3)
    return { errors: ['Port 3 carries a series of temperatures without times, which is not read here.'] };
  if (bytes.length === 7 && bytes[6] !== 0)
    return { errors: ['Byte 6: the value of external sensor ' + kindAt(0) + ' is cut off.'] };
  if (bytes.length !== 7 && bytes.length % 11 !== 0)
    return { errors: ['A record has 11 bytes; the payload has ' + bytes.length + '.'] };
  // The identity of the external sensor stands where temperature and humidity otherwise are.
  if (bytes.length === 11 && (bytes[6] === 0x0f || bytes[6] === 0x10 || bytes[6] === 0x20))
    return { data: { externalSensor: bytes[6], sensorIdentity: hex(2, 6) + hex(7, 11) } };

  var history = [];
  for (var i = 0; bytes.length !== 7 && i < bytes.length; i += 11) {
    if (isEmpty(i)) continue; // the reply when nothing was logged in the period asked for
    if (isLogged(i)) {
      var record = logged(i);
      if (!record) return unknownKind(i);
      history.push(record);
    } else if (bytes.length > 11)
      return { errors: ['Byte ' + (i + 6) + ': this record is not of the data log.'] };
  }
  if (history.length > 0 || (bytes.length !== 7 && isEmpty(0))) return { data: { history: history } };

  var kind = kindAt(0);
  var data = { temperature: hundredths(2), humidity: humidity(4), externalSensor: kind };
  if (isStamped(kind)) {
    readValue(kind, 0, data);
    return { data: data };
  }
  data.batteryVoltage = (u16(0) & 0x3fff) / 1000;
  if (bytes[6] & 0x80) data.externalSensorMissing = true;
  else if (kind === 8) data.pulses = u32(7);
  else if (!readValue(kind, 7, data)) return unknownKind(0);
  if (kind === 11 && !data.externalSensorMissing) data.externalHumidity = humidity(9);
  return { data: data };
}
