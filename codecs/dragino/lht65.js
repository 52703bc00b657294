// Dragino LHT65 and LHT65N: temperature, humidity and one of several external sensors. Eleven bytes, big endian:
// battery, built-in temperature, humidity, kind of external sensor, four bytes of that sensor.
// A data log (poll reply, or the time-stamped kind 9) has the external temperature in the battery's place and
// the time in the last four bytes; it comes out under `history`.
function decodeUplink(input) {
  var bytes = input.bytes;
  var NO_PROBE = 0x7fff;

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
  function isLogged(i) {
    return (bytes[i + 6] & 0x40) !== 0;
  }
  function isEmpty(i) {
    for (var k = 0; k < 11; k++) if (bytes[i + k] !== 0) return false;
    return true;
  }
  function logged(i) {
    var record = { time: u32(i + 7), temperature: hundredths(i + 2), humidity: humidity(i + 4) };
    if ((bytes[i + 6] & 0x0f) !== 0 && u16(i) !== NO_PROBE) record.externalTemperature = hundredths(i);
    return record;
  }
  function readExternal(data) {
    var kind = bytes[6] & 0x0f;
    data.externalSensor = kind;
    if (kind === 0) return data; // none
    if (kind === 1 || kind === 2) {
      if (u16(7) === NO_PROBE) data.externalSensorMissing = true;
      else data.externalTemperature = hundredths(7);
    } else if (kind === 4) {
      data.interruptPinHigh = bytes[7] === 1;
      data.interrupt = bytes[8] === 1;
    } else if (kind === 5) data.illuminance = u16(7);
    else if (kind === 6)
      data.adc = u16(7); // mV
    else if (kind === 7) data.pulses = u16(7);
    else if (kind === 8) data.pulses = u32(7);
    else return { errors: ['Byte 6: external sensor ' + kind + ' is not known.'] };
    return data;
  }

  if (!bytes || bytes.length === 0) return { errors: ['The payload is empty.'] };
  if (input.fPort === 5) {
    if (bytes.length < 7)
      return { errors: ['A device status has 7 bytes, this one has ' + bytes.length + '.'] };
    return { data: { deviceStatus: true, batteryVoltage: (u16(5) & 0x3fff) / 1000 } };
  }
  if (bytes.length % 11 !== 0)
    return { errors: ['A record has 11 bytes; the payload has ' + bytes.length + '.'] };

  var history = [];
  for (var i = 0; i < bytes.length; i += 11) {
    if (isEmpty(i)) continue; // the reply when nothing was logged in the period asked for
    if (isLogged(i) || (bytes[i + 6] & 0x0f) === 9) history.push(logged(i));
    else if (bytes.length > 11)
      return { errors: ['Byte ' + (i + 6) + ': this record is not of the data log.'] };
  }
  if (history.length > 0 || isEmpty(0)) return { data: { history: history } };

  var data = readExternal({
    batteryVoltage: (u16(0) & 0x3fff) / 1000,
    temperature: hundredths(2),
    humidity: humidity(4),
  });
  return data.errors ? data : { data: data };
}
