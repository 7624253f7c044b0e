//! Tables of text: what stands in the cells, in columns that a terminal shows one below the other.

use std::cmp::Reverse;
use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

/// What stands in a cell of which nothing is known.
pub const NOTHING: &str = "-";

/// A cell of which something may be known.
pub fn known(cell: Option<String>) -> String {
    cell.unwrap_or_else(|| NOTHING.to_owned())
}

/// By which column a table is sorted, if by any.
#[derive(Debug, Clone, Copy, Default)]
pub struct Order(Option<Sorted>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sorted {
    column: usize,
    is_reversed: bool,
}

impl Order {
    /// Sorts by the column of this number, from 1, or whose title begins so; if it is sorted by that already, the other way round. Returns whether
    /// there is such a column.
    pub fn choose(&mut self, head: &[String], wanted: &str) -> bool {
        let wanted = wanted.trim().to_lowercase();
        let begins = |title: &String| !wanted.is_empty() && title.to_lowercase().starts_with(&wanted);
        let number = wanted.parse().ok().and_then(|number: usize| number.checked_sub(1));
        let column = number.filter(|at| *at < head.len()).or_else(|| head.iter().position(begins));
        let Some(column) = column else { return false };
        let is_reversed = self.0 == Some(Sorted { column, is_reversed: false });
        self.0 = Some(Sorted { column, is_reversed });
        true
    }

    /// Sorts rows: numbers the greatest first, texts by their characters, and last those of which nothing is known.
    pub fn sort<T>(self, rows: &mut [T], is_number: &[bool], cell: impl Fn(&T, usize) -> String) {
        let Some(Sorted { column, is_reversed }) = self.0 else { return };
        let is_unknown = |cell: &str| cell == NOTHING;
        rows.sort_by_cached_key(|row| {
            let cell = cell(row, column);
            (is_unknown(&cell), is_number[column].then(|| Reverse(thousandths(&cell))), cell)
        });
        if is_reversed {
            let known = rows.partition_point(|row| !is_unknown(&cell(row, column)));
            rows[..known].reverse();
        }
    }
}

/// A number with the unit behind it, in thousandths.
fn thousandths(cell: &str) -> i64 {
    let end = cell.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(cell.len());
    cell[..end].parse().map_or(i64::MIN, |number: f64| (number * 1000.0) as i64)
}

/// The columns that the cells of a row take.
pub fn widths<const COLUMNS: usize>(row: &[String; COLUMNS]) -> [usize; COLUMNS] {
    std::array::from_fn(|at| row[at].width())
}

/// For each column, the most that either takes.
pub fn wider<const COLUMNS: usize>(one: [usize; COLUMNS], other: [usize; COLUMNS]) -> [usize; COLUMNS] {
    std::array::from_fn(|at| one[at].max(other[at]))
}

/// Appends a row, its cells two spaces apart; numbers stand at the right. Each cell is one printable line.
pub fn line<const COLUMNS: usize>(
    row: &[String; COLUMNS],
    widths: &[usize; COLUMNS],
    is_number: &[bool; COLUMNS],
    page: &mut String,
) {
    let start = page.len();
    for (at, cell) in row.iter().enumerate() {
        let padding = " ".repeat(widths[at].saturating_sub(cell.width()));
        let [before, after] = if is_number[at] { [&*padding, ""] } else { ["", &*padding] };
        let between = if at > 0 { "  " } else { "" };
        let _ = write!(page, "{between}{before}{cell}{after}"); // a String takes everything
    }
    page.truncate(start + page[start..].trim_end_matches(' ').len());
    page.push('\n');
}

/// Appends a whole table, the titles first.
pub fn write<const COLUMNS: usize>(
    head: [String; COLUMNS],
    rows: &[[String; COLUMNS]],
    is_number: &[bool; COLUMNS],
    page: &mut String,
) {
    let widths = rows.iter().map(widths).fold(widths(&head), wider);
    line(&head, &widths, is_number, page);
    rows.iter().for_each(|row| line(row, &widths, is_number, page));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_sorted_by_any_column_either_way() {
        let head = ["User", "Says", "Last delivery: mean"].map(str::to_owned);
        let is_number = [false, true, true];
        let mut rows = [["bob", "9", "10.000 ms"], ["-", "10", "-"], ["ann", "0", "9.500 ms"]];
        let mut order = Order::default();
        for (wanted, expected) in [
            ("user", ["ann", "bob", "-"]),
            ("1", ["bob", "ann", "-"]),
            ("2", ["-", "bob", "ann"]),
            (" last d", ["bob", "ann", "-"]),
            ("Last Delivery: mean", ["ann", "bob", "-"]),
            ("3", ["bob", "ann", "-"]),
        ] {
            assert!(order.choose(&head, wanted), "{wanted}");
            order.sort(&mut rows, &is_number, |row, at| row[at].to_owned());
            assert_eq!(rows.map(|row| row[0]), expected, "by {wanted}");
        }
        for wanted in ["", "0", "4", "says what", "-1", "99999999999999999999"] {
            assert!(!order.choose(&head, wanted), "{wanted}");
        }
    }

    #[test]
    fn cells_are_aligned_by_the_columns_that_a_terminal_shows() {
        let names = ["张三", "anna", "e\u{301}", "\u{2068}שלום\u{2069}", "👍🏽", "-"];
        let rows = names.map(|name| ["1", name, "22"].map(str::to_owned));
        let mut page = String::new();
        write(["0", "name", "333"].map(str::to_owned), &rows, &[true, false, true], &mut page);
        let ends: Vec<usize> = page.lines().map(|line| line.width()).collect();
        assert_eq!(ends, [ends[0]; 7], "{page}");
        assert!(page.lines().all(|line| !line.ends_with(' ')));
    }
}
