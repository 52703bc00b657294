// Elvaco CMi4160: LoRaWAN module in the heat meter SHARKY 775. A message format byte, then M-Bus data records
// (EN 13757-3) of DIF, VIF and a little endian value. Read are the formats whose records stand alone: standard,
// compact, daily redundant and combined heat/cooling; a record in error state (DIF bits 5-4 are 11) has no value.
// The maker's published example of a standard message agrees; of the other formats no example was found.
function decodeUplink(input) {
  var bytes = input.bytes;
  var at = 1;
  var FORMATS = { 0x1e: 'standard', 0x1f: 'compact', 0x21: 'daily redundant', 0x23: 'heat and cooling' };

  function hex(from, to) {
    var text = '';
    for (var i = from; i < to; i++) text += (bytes[i] < 16 ? '0' : '') + bytes[i].toString(16);
    return text;
  }
  function scaled(raw, exponent) {
    return exponent < 0 ? raw / Math.pow(10, -exponent) : raw * Math.pow(10, exponent);
  }
  // Two's complement, little endian.
  function integer(i, length) {
    var value = 0;
    for (var k = length - 1; k >= 0; k--) value = value * 256 + bytes[i + k];
    var range = Math.pow(256, length);
    return value >= range / 2 ? value - range : value;
  }
  function bcd(i) {
    return hex(i + 3, i + 4) + hex(i + 2, i + 3) + hex(i + 1, i + 2) + hex(i, i + 1);
  }
  // Energies come out in kWh whatever the meter counts in; VIF 0x03-0x07 Wh, 0x0e-0x0f MJ.
  function energyKwh(vif, raw) {
    if (vif >= 0x0e) return Number((scaled(raw, vif - 0x0e) / 3.6).toPrecision(12));
    return scaled(raw, vif - 0x06);
  }

  if (!bytes || bytes.length === 0) return { errors: ['The payload is empty.'] };
  var format = FORMATS[bytes[0]];
  if (!format) return { errors: ['Byte 0: message format 0x' + hex(0, 1) + ' is not read here.'] };
  var data = { format: format };
  var warnings = [];
  while (at < bytes.length) {
    var start = at;
    var dif = bytes[at++];
    var length = { 1: 1, 2: 2, 4: 4, 7: 8 }[dif & 0x0f];
    if (length === undefined || dif & 0x80)
      return { errors: ['Byte ' + start + ': DIF 0x' + hex(start, start + 1) + ' is not known.'] };
    var vif = bytes[at++];
    var table = '';
    if (vif === 0xfd || vif === 0xfb) table = vif === 0xfd ? 'fd' : 'fb';
    if (table !== '') vif = bytes[at++];
    var cooling = false;
    if (vif & 0x80) {
      // The only extension in these formats: FF 02, energy for cooling.
      if (bytes[at] !== 0xff || bytes[at + 1] !== 0x02)
        return { errors: ['Byte ' + start + ': VIF 0x' + hex(start + 1, start + 2) + ' is not known.'] };
      cooling = true;
      vif &= 0x7f;
      at += 2;
    }
    if (at + length > bytes.length) return { errors: ['Byte ' + start + ': the record is cut off.'] };
    var value = length === 8 ? 0 : integer(at, length);
    var name;
    if (table === 'fb' && vif >= 0x0d && vif <= 0x0f) {
      name = 'energy';
      value = Number((scaled(value, vif - 0x0d) * (4186.8 / 3.6 / 1000)).toPrecision(12)); // Mcal
    } else if (
      table === '' &&
      length === 4 &&
      ((vif >= 0x03 && vif <= 0x07) || vif === 0x0e || vif === 0x0f)
    ) {
      name = 'energy';
      value = energyKwh(vif, value);
    } else if (table === '' && length === 4 && vif >= 0x13 && vif <= 0x17) {
      name = 'volume'; // m3
      value = scaled(value, vif - 0x16);
    } else if (table === '' && vif >= 0x2b && vif <= 0x2f) {
      name = 'power'; // W
      value = scaled(value, vif - 0x2b);
    } else if (table === '' && vif >= 0x3b && vif <= 0x3f) {
      name = 'flow'; // m3/h
      value = scaled(value, vif - 0x3e);
    } else if (table === '' && vif >= 0x58 && vif <= 0x5b) {
      name = 'flowTemperature';
      value = scaled(value, vif - 0x5b);
    } else if (table === '' && vif >= 0x5c && vif <= 0x5f) {
      name = 'returnTemperature';
      value = scaled(value, vif - 0x5f);
    } else if (table === 'fd' && vif === 0x17) {
      name = 'errorFlags';
      value = bytes[at];
    } else if (table === '' && vif === 0x6d && length === 4) {
      name = 'meterClock';
      value = hex(at, at + 4);
    } else if (table === '' && vif === 0x79 && length === 8) {
      name = 'meterId';
      value = bcd(at);
    } else return { errors: ['Byte ' + start + ': VIF 0x' + hex(start + 1, start + 2) + ' is not known.'] };
    at += length;
    if (cooling) {
      if (name !== 'energy') return { errors: ['Byte ' + start + ': only energy is known for cooling.'] };
      name = 'coolingEnergy';
    }
    if (dif & 0x40) name += 'AtMidnight';
    if ((dif & 0x30) === 0x30) warnings.push('The meter has no valid value for ' + name + '.');
    else if (dif & 0x30)
      return { errors: ['Byte ' + start + ': DIF 0x' + hex(start, start + 1) + ' is not known.'] };
    else data[name] = value;
  }
  return { data: data, warnings: warnings };
}
