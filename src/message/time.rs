//! The server's `time`: its local time without a zone, as PHP's `date()` writes it. The functions check the format and the calendar; the instant is not computed.

/// Whether the text is `YYYY-MM-DD HH:MM:SS` with a date that exists and a time of day.
pub fn is_date_time(text: &str) -> bool {
    let Some(text) = of_form(text, b"0000-00-00 00:00:00") else { return false };
    is_date(text) && two(text, 11) < 24 && two(text, 14) < 60 && two(text, 17) < 60
}

/// Whether the text is `YYYY-MM-DD :MM:SS`, as the server of 2014 writes it in a `say`: its format string lacks the hour.
pub fn is_2014_say_time(text: &str) -> bool {
    let Some(text) = of_form(text, b"0000-00-00 :00:00") else { return false };
    is_date(text) && two(text, 12) < 60 && two(text, 15) < 60
}

/// Whether the digits of `YYYY-MM-DD` at the beginning are a date of the calendar.
fn is_date(text: &[u8]) -> bool {
    let (year, month, day) = (two(text, 0) * 100 + two(text, 2), two(text, 5), two(text, 8));
    (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day)
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The bytes of the text, if it is of this form, where `0` stands for any digit and all else for itself.
fn of_form<'t, const LENGTH: usize>(text: &'t str, form: &[u8; LENGTH]) -> Option<&'t [u8]> {
    let text: &[u8; LENGTH] = text.as_bytes().try_into().ok()?;
    // All are looked at, so that many are at a time.
    text.iter().zip(form).fold(true, |all, (byte, expected)| all & fits(*byte, *expected)).then_some(text)
}

/// Whether a byte is what the form expects at its place.
#[inline]
fn fits(byte: u8, expected: u8) -> bool {
    match expected {
        b'0' => byte.wrapping_sub(b'0') < 10,
        _ => byte == expected,
    }
}

/// The number that the two digits at `at` write.
fn two(digits: &[u8], at: usize) -> u32 {
    digit(digits, at) * 10 + digit(digits, at + 1)
}

#[inline]
fn digit(digits: &[u8], at: usize) -> u32 {
    digits.get(at).map_or(0, |digit| u32::from(digit.wrapping_sub(b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_and_a_time_of_the_calendar_are_one() {
        for good in ["2014-08-12 17:50:30", "2024-02-29 00:00:00", "2000-02-29 23:59:59"] {
            assert!(is_date_time(good), "{good}");
        }
    }

    #[test]
    fn what_the_calendar_or_the_clock_does_not_have_is_none() {
        for bad in [
            "",
            "2014-08-12",
            "2014-08-12 :51:02",
            "2023-02-29 00:00:00",
            "1900-02-29 00:00:00",
            "2014-13-01 00:00:00",
            "2014-04-31 00:00:00",
            "2014-00-01 00:00:00",
            "2014-01-00 00:00:00",
            "2014-01-01 24:00:00",
            "2014-01-01 00:60:00",
            "2014-01-01 00:00:60",
            "2014-01-01T00:00:00",
            "2014-1-1 0:0:0",
            "+014-01-01 00:00:00",
            "2014-01-01 00:00:00Z",
            "2014-01-01  00:00:00",
            "２０14-01-01 00:00:00",
        ] {
            assert!(!is_date_time(bad), "{bad}");
        }
    }

    #[test]
    fn the_say_of_2014_has_no_hour() {
        assert!(is_2014_say_time("2014-08-12 :51:02"));
        for bad in ["2014-08-12 17:51:02", "2014-08-12 :61:02", "2014-02-30 :51:02", "2014-08-12 :51:02:03", ":51:02"] {
            assert!(!is_2014_say_time(bad), "{bad}");
        }
    }
}
