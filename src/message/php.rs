//! Converts values as PHP does where the server's code uses one as a string: `htmlspecialchars($message_data['content'])`.

use super::json::Data;
use std::borrow::Cow;

/// The significant digits of a float as a string: PHP's setting `precision`.
const PRECISION: usize = 14;

/// The string that a value becomes; `text` is a decoded string, or the JSON text of another value. `None` for arrays and objects: PHP 8
/// raises an exception, and earlier versions go on with an empty string.
pub fn string(data: Data, text: &str) -> Option<Cow<'_, str>> {
    match data {
        Data::String => Some(Cow::Borrowed(text)),
        Data::Null | Data::Bool(false) => Some(Cow::Borrowed("")),
        Data::Bool(true) => Some(Cow::Borrowed("1")),
        Data::Number => Some(number(text)),
        Data::Array { .. } | Data::Object { .. } => None,
    }
}

/// The string of a number: its digits, if PHP's `int` holds it (64 bits, as PHP has on 64-bit systems); of any other, that of a float.
fn number(digits: &str) -> Cow<'_, str> {
    match digits.parse::<i64>() {
        Ok(0) => Cow::Borrowed("0"), // -0, too
        Ok(_) => Cow::Borrowed(digits),
        Err(_) => Cow::Owned(digits.parse().map_or_else(|_| digits.to_owned(), float)),
    }
}

/// The string of a float: C's `%.14G`, but with a digit behind the point in front of an exponent.
fn float(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "INF" } else { "-INF" }.to_owned();
    }
    let scientific = format!("{value:.*e}", PRECISION - 1);
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..PRECISION as i32).contains(&exponent) {
        let decimals = (PRECISION as i32 - 1 - exponent).max(0) as usize;
        let fixed = format!("{value:.decimals$}");
        return if fixed.contains('.') { trimmed(&fixed).to_owned() } else { fixed };
    }
    let digits = trimmed(digits);
    let point = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{point}E{exponent:+}")
}

/// The digits without zeros at the end of the decimals, and without a point that has none.
fn trimmed(digits: &str) -> &str {
    digits.trim_end_matches('0').trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_the_string_that_php_prints() {
        for (text, printed) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "-0"),
            ("-0e1", "-0"),
            ("-1", "-1"),
            ("12345", "12345"),
            ("9223372036854775807", "9223372036854775807"),
            ("9223372036854775808", "9.2233720368548E+18"),
            ("1.0", "1"),
            ("1.50", "1.5"),
            ("-0.25", "-0.25"),
            ("1e3", "1000"),
            ("100000000000000.0", "1.0E+14"),
            ("12345678901234.0", "12345678901234"),
            ("123456789012345.0", "1.2345678901234E+14"),
            ("0.0001", "0.0001"),
            ("0.00001", "1.0E-5"),
            ("0.1", "0.1"),
            ("1e25", "1.0E+25"),
            ("1e999", "INF"),
            ("-1e999", "-INF"),
            ("1e-999", "0"),
            ("0.0", "0"),
        ] {
            assert_eq!(string(Data::Number, text).as_deref(), Some(printed), "{text}");
        }
        assert_eq!(string(Data::String, "null").as_deref(), Some("null"));
        assert_eq!(string(Data::Null, "null").as_deref(), Some(""));
        assert_eq!(string(Data::Bool(true), "true").as_deref(), Some("1"));
        assert_eq!(string(Data::Bool(false), "false").as_deref(), Some(""));
        assert_eq!(string(Data::Object { length: 0 }, "{}"), None);
    }
}
