//! Looks at many bytes at a time: where a string's plain characters end, what is UTF-8, and the digits of an escape.

/// The bytes before the first that is not UTF-8.
pub fn valid_part(bytes: &[u8]) -> &str {
    match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => valid_beginning(bytes),
    }
}

#[cold]
fn valid_beginning(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// The bytes that are looked at in words before blocks are: most strings end within them.
const SHORT: usize = 64;
/// The bytes of a block.
const BLOCK: usize = 64;

/// The number of bytes at the beginning that stand for themselves in a string: all before the first quote, backslash or control
/// character.
#[inline]
pub fn plain_length(bytes: &[u8]) -> usize {
    let mut length = 0;
    while let Some(word) = bytes.get(length..).and_then(<[u8]>::first_chunk) {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return length + special.trailing_zeros() as usize / 8;
        }
        length += 8;
        if length == SHORT {
            length += plain_blocks(&bytes[length..]) * BLOCK;
        }
    }
    length + bytes[length..].iter().take_while(|byte| !is_special(**byte)).count()
}

/// Counts the blocks at the beginning without a special byte. All bytes of a block are looked at, so that many are at a time.
#[inline(never)]
fn plain_blocks(bytes: &[u8]) -> usize {
    bytes.chunks_exact(BLOCK).take_while(|block| !block.iter().fold(false, |any, byte| any | is_special(*byte))).count()
}

#[inline]
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The highest bit of the first byte of `word`, from the lowest on, that is a quote, a backslash or a control character is
/// set; no bit below it is. Bits above it may be set without reason.
#[inline]
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    // With this bit turned, a quote is the byte behind the control characters, and they stay among themselves.
    let controls_and_quotes = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslashes = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (controls_and_quotes | backslashes) & !word & (ONES * 0x80)
}

/// The UTF-16 code unit that the first four bytes write in hex digits; `None` where they are not four hex digits.
#[inline]
pub fn code_unit(bytes: &[u8]) -> Option<u16> {
    let [a, b, c, d] = *bytes.first_chunk::<4>()?;
    let unit = hex_digit(a) << 12 | hex_digit(b) << 8 | hex_digit(c) << 4 | hex_digit(d);
    // A byte that is no digit sets a bit that no shift by a multiple of four up to twelve moves below the sixteenth.
    u16::try_from(unit).ok()
}

/// The value of a hex digit, as [`HEX`] has it.
#[inline]
fn hex_digit(byte: u8) -> u32 {
    HEX[usize::from(byte)]
}

/// The value of each hex digit; of other bytes, what is above 16 bits wherever it is moved to.
const HEX: [u32; 256] = {
    let mut values = [0x1_0000; 256];
    let mut digit = 0;
    while digit < 16 {
        let lower = b"0123456789abcdef"[digit];
        values[lower as usize] = digit as u32;
        values[lower.to_ascii_uppercase() as usize] = digit as u32;
        digit += 1;
    }
    values
};

/// The end of a JSON number (RFC 8259, section 6) that begins the bytes.
///
/// # Errors
/// The place of the first byte that does not match the grammar.
pub fn number(bytes: &[u8]) -> Result<usize, usize> {
    let mut end = usize::from(bytes.first() == Some(&b'-'));
    end = if bytes.get(end) == Some(&b'0') { end + 1 } else { digits(bytes, end)? };
    if bytes.get(end) == Some(&b'.') {
        end = digits(bytes, end + 1)?;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = matches!(bytes.get(end + 1), Some(b'+' | b'-'));
        end = digits(bytes, end + 1 + usize::from(sign))?;
    }
    Ok(end)
}

/// The end of the digits at `from`, of which there has to be one.
///
/// # Errors
/// `from`, where no digit stands.
#[inline]
fn digits(bytes: &[u8], from: usize) -> Result<usize, usize> {
    match bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count() {
        0 => Err(from),
        some => Ok(from + some),
    }
}

/// Counts the empty objects at the beginning, each with a comma directly behind it: three bytes each.
#[inline]
pub fn empty_objects(bytes: &[u8]) -> u32 {
    bytes.chunks_exact(3).take_while(|element| *element == b"{},").count() as u32
}

/// Counts [`whole_numbers`] as far as whole blocks hold them. All bytes of a block are looked at, so that many are at a time.
#[inline(never)]
fn number_blocks(bytes: &[u8]) -> (u32, usize) {
    match bytes {
        [b'0', b'0'..=b'9', ..] => return (0, 0),
        [b'0'..=b'9', ..] => {}
        _ => return (0, 0),
    }
    let (mut count, mut at) = (0, 1);
    while let Some(commas) = number_block(&bytes[at - 1..]) {
        count += commas;
        at += BLOCK;
    }
    memchr::memrchr(b',', &bytes[..at]).map_or((0, 0), |last| (count, last + 1))
}

/// The commas among the bytes behind the first, a block of them, where all are digits and commas as between whole numbers.
#[inline]
fn number_block(bytes: &[u8]) -> Option<u32> {
    let before: &[u8; BLOCK] = bytes.first_chunk()?;
    let block: &[u8; BLOCK] = bytes[1..].first_chunk()?;
    let behind: &[u8; BLOCK] = bytes.get(2..)?.first_chunk()?;
    let (mut is_bad, mut commas) = (0, 0);
    for at in 0..BLOCK {
        // Truth values are bytes here, so that a vector holds many.
        let (is_comma, follows_comma) = (u8::from(block[at] == b','), u8::from(before[at] == b','));
        let leads = follows_comma & u8::from(block[at] == b'0') & is_digit(behind[at]);
        is_bad |= (1 ^ (is_comma | is_digit(block[at]))) | (is_comma & follows_comma) | leads;
        commas += is_comma;
    }
    (is_bad == 0).then_some(commas.into())
}

/// Whether a byte is an ASCII digit: 1 or 0.
#[inline]
fn is_digit(byte: u8) -> u8 {
    u8::from(byte.wrapping_sub(b'0') < 10)
}

/// Counts the whole numbers at the beginning, each with a comma directly behind it, and the bytes that these are.
#[inline]
pub fn whole_numbers(bytes: &[u8]) -> (u32, usize) {
    let (mut count, mut length) = if bytes.len() > 2 * BLOCK { number_blocks(bytes) } else { (0, 0) };
    let mut rest = bytes[length..].iter();
    while let Some(first @ b'0'..=b'9') = rest.next() {
        let mut digits = 1;
        let behind = loop {
            match rest.next() {
                Some(b'0'..=b'9') => digits += 1,
                behind => break behind,
            }
        };
        if behind != Some(&b',') || *first == b'0' && digits > 1 {
            break;
        }
        count += 1;
        length += digits + 1;
    }
    (count, length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_plain_run_ends_before_each_special_byte_wherever_it_stands() {
        for length in (0..200).chain([1_000, 4_096, 4_097]) {
            let mut bytes = vec![b'x'; length];
            assert_eq!(plain_length(&bytes), length);
            for special in [b'"', b'\\', 0, 0x1f] {
                bytes.push(special);
                bytes.extend(b"\x80more \" and \x7f");
                assert_eq!(plain_length(&bytes), length, "{special}");
                bytes.truncate(length);
            }
        }
    }

    #[test]
    fn four_hex_digits_are_a_code_unit() {
        for (digits, unit) in [("0000", 0), ("4f60", 0x4f60), ("FfFf", 0xffff), ("d83d", 0xd83d), ("00419", 0x41)] {
            assert_eq!(code_unit(digits.as_bytes()), Some(unit), "{digits}");
        }
        for none in ["", "123", "g000", "0g00", "00g0", "000g", "+123", "12 4", "é12"] {
            assert_eq!(code_unit(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn a_number_ends_where_its_grammar_does() {
        for (text, end) in [("0", 1), ("01", 1), ("-12.50e+3,", 9), ("1E5]", 3), ("7.0", 3), ("9-", 1)] {
            assert_eq!(number(text.as_bytes()), Ok(end), "{text}");
        }
        for (text, fault) in [("", 0), ("-", 1), ("-x", 1), ("x", 0), ("1.", 2), ("1.e5", 2), ("1e", 2), ("1e+", 3)] {
            assert_eq!(number(text.as_bytes()), Err(fault), "{text}");
        }
    }

    #[test]
    fn empty_objects_are_counted_up_to_anything_else() {
        for (text, expected) in [("", 0), ("{}", 0), ("{},", 1), ("{},{},{}]", 2), ("{},{ },", 1), ("[],", 0)] {
            assert_eq!(empty_objects(text.as_bytes()), expected, "{text}");
        }
    }

    /// Counts as [`whole_numbers`] does, one number after the other.
    fn whole_numbers_one_by_one(text: &str) -> (u32, usize) {
        let numbers: Vec<&str> = text.split(',').collect();
        let whole = numbers[..numbers.len() - 1].iter().take_while(|number| is_whole(number));
        whole.fold((0, 0), |(count, length), number| (count + 1, length + number.len() + 1))
    }

    fn is_whole(number: &str) -> bool {
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        digits && (number == "0" || !number.starts_with('0'))
    }

    #[test]
    fn whole_numbers_are_counted_in_blocks_as_one_by_one() {
        for unit in ["1,", "0,", "10,", "123456789,", "7,0,", "1234567890123456789012345678901234567890,"] {
            let long = unit.repeat(100);
            for odd in ["", "x", ",", "00,", "01,", "-1,", "1.5,", "]", " 1,", "0"] {
                for at in 0..long.len().min(300) {
                    let text = [&long[..at], odd, &long[at..]].concat();
                    assert_eq!(whole_numbers(text.as_bytes()), whole_numbers_one_by_one(&text), "{text}");
                }
            }
        }
    }

    #[test]
    fn whole_numbers_are_counted_up_to_anything_else() {
        for (text, expected) in [
            ("", (0, 0)),
            ("1", (0, 0)),
            ("1,", (1, 2)),
            ("1,23,0,456]", (3, 7)),
            ("0,01,2", (1, 2)),
            ("7,8 ,9", (1, 2)),
            ("7,-8,9", (1, 2)),
            ("7,8.0,9", (1, 2)),
            (",1", (0, 0)),
        ] {
            assert_eq!(whole_numbers(text.as_bytes()), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_valid_is_what_std_says(mut bytes: Vec<u8>, text: String, at: prop::sample::Index) {
            prop_assert_eq!(valid_part(text.as_bytes()), &text);
            bytes.splice(..0, text.bytes());
            let cut = &bytes[..at.index(bytes.len() + 1)];
            prop_assert_eq!(valid_part(cut), cut.utf8_chunks().next().map_or("", |chunk| chunk.valid()));
        }

        #[test]
        fn a_plain_run_is_as_long_as_byte_by_byte(bytes in prop::collection::vec(prop_oneof![20 => 0x20u8.., 1 => any::<u8>()], 0..300)) {
            let expected = bytes.iter().take_while(|byte| !is_special(**byte)).count();
            prop_assert_eq!(plain_length(&bytes), expected);
        }
    }
}
