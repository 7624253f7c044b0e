//! Tables of text: what stands in the cells, in columns that a terminal shows one below the other.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

/// What stands in a cell of which nothing is known.
pub const NOTHING: &str = "-";

/// A cell of which something may be known.
pub fn known(cell: Option<String>) -> String {
    cell.unwrap_or_else(|| NOTHING.to_owned())
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
