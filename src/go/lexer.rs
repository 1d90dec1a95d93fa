//! A byte lexer for what tree-sitter is too slow for: where declarations start and end. It knows strings,
//! comments, brackets and Go's newline rule, and nothing else.

use crate::text::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// An identifier or keyword.
    Word,
    /// A string, rune or number.
    Literal,
    /// `(`, `[` or `{`.
    Open,
    /// `)`, `]` or `}`.
    Close,
    /// Any other byte.
    Other,
    /// A `;`, or a newline where Go puts one.
    End,
}

pub(super) struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
    /// Whether a newline here ends the statement.
    may_end: bool,
    /// Where a string or comment starts that never ends.
    pub(super) unterminated: Option<usize>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a [u8]) -> Self {
        let bom = source.starts_with(b"\xEF\xBB\xBF");
        Lexer {
            source,
            at: if bom { 3 } else { 0 },
            may_end: false,
            unterminated: None,
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.source.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        while self.at < self.source.len() && keep(self.source[self.at]) {
            self.at += 1;
        }
    }

    /// Moves behind the next `end`, honouring backslashes where `escapes`; stops before a newline unless `spans_lines`.
    fn skip_quoted(&mut self, end: u8, raw: bool) {
        let start = self.at;
        self.at += 1;
        while self.at < self.source.len() {
            match self.source[self.at] {
                byte if byte == end => {
                    self.at += 1;
                    return;
                }
                b'\\' if !raw => self.at += 2,
                b'\n' if !raw => break,
                _ => self.at += 1,
            }
        }
        self.at = self.at.min(self.source.len());
        self.unterminated.get_or_insert(start);
    }

    /// Skips a comment; true where it held a newline.
    fn skip_block_comment(&mut self) -> bool {
        let start = self.at;
        let body = &self.source[start + 2..];
        let length = memchr::memmem::find(body, b"*/");
        if length.is_none() {
            self.unterminated.get_or_insert(start);
        }
        let length = length.unwrap_or(body.len());
        self.at = (start + 2 + length + 2).min(self.source.len());
        body[..length].contains(&b'\n')
    }

    fn token(&mut self, token: Token, start: usize, may_end: bool) -> Option<(Token, Span)> {
        self.may_end = may_end;
        Some((token, Span::new(start, self.at)))
    }

    fn end(&mut self, start: usize) -> Option<(Token, Span)> {
        self.token(Token::End, start, false)
    }
}

/// A word of Go code, keywords too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    pub span: Span,
    /// Whether a dot stands before it: the name of a field, a method or something of a package.
    pub is_selected: bool,
    /// Whether a dot stands behind it.
    pub selects: bool,
}

/// The words of a piece of code, those in comments and strings left out.
pub fn words(code: &[u8]) -> Vec<Word> {
    let tokens: Vec<(Token, Span)> = Lexer::new(code)
        .filter(|(token, _)| *token != Token::End)
        .collect();
    let is_dot = |at: Option<usize>| {
        at.and_then(|at| tokens.get(at))
            .is_some_and(|(_, span)| span.of(code) == b".")
    };
    let word = |(at, (token, span)): (usize, &(Token, Span))| {
        (*token == Token::Word).then(|| Word {
            span: *span,
            // Three dots are no selector.
            is_selected: is_dot(at.checked_sub(1)) && !is_dot(at.checked_sub(2)),
            selects: is_dot(Some(at + 1)) && !is_dot(Some(at + 2)),
        })
    };
    tokens.iter().enumerate().filter_map(word).collect()
}

/// The white space before the first piece of code that stands indented on a line of its own; comments and the insides
/// of raw strings are no code.
pub fn first_indentation(source: &[u8]) -> Option<&[u8]> {
    let code = Lexer::new(source).filter(|(token, _)| *token != Token::End);
    let mut before = code.map(|(_, span)| {
        let line = memchr::memrchr(b'\n', &source[..span.start]).map_or(0, |at| at + 1);
        &source[line..span.start]
    });
    before.find(|blank| !blank.is_empty() && blank.iter().all(|byte| matches!(byte, b' ' | b'\t')))
}

/// The keywords after which a newline does not end a statement are all but these four.
fn ends_statement(word: &[u8]) -> bool {
    const OPENERS: [&[u8]; 21] = [
        b"case",
        b"chan",
        b"const",
        b"default",
        b"defer",
        b"else",
        b"for",
        b"func",
        b"go",
        b"goto",
        b"if",
        b"import",
        b"interface",
        b"map",
        b"package",
        b"range",
        b"select",
        b"struct",
        b"switch",
        b"type",
        b"var",
    ];
    !OPENERS.contains(&word)
}

/// Whether a name may hold the byte; of what is not ASCII, any.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl Iterator for Lexer<'_> {
    type Item = (Token, Span);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self.at;
            if start >= self.source.len() {
                return match self.may_end {
                    true => self.end(start),
                    false => None,
                };
            }
            match self.source[start] {
                b'\n' => {
                    self.at += 1;
                    if self.may_end {
                        return self.end(start);
                    }
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'/' if self.peek(1) == b'/' => self.skip_while(|byte| byte != b'\n'),
                b'/' if self.peek(1) == b'*' => {
                    if self.skip_block_comment() && self.may_end {
                        return self.end(start);
                    }
                }
                quote @ (b'"' | b'`' | b'\'') => {
                    self.skip_quoted(quote, quote == b'`');
                    return self.token(Token::Literal, start, true);
                }
                b';' => {
                    self.at += 1;
                    return self.end(start);
                }
                b'(' | b'[' | b'{' => {
                    self.at += 1;
                    return self.token(Token::Open, start, false);
                }
                b')' | b']' | b'}' => {
                    self.at += 1;
                    return self.token(Token::Close, start, true);
                }
                b'0'..=b'9' => {
                    self.skip_while(|byte| is_word(byte) || byte == b'.');
                    return self.token(Token::Literal, start, true);
                }
                byte if is_word(byte) => {
                    self.skip_while(is_word);
                    let may_end = ends_statement(&self.source[start..self.at]);
                    return self.token(Token::Word, start, may_end);
                }
                byte @ (b'+' | b'-') if self.peek(1) == byte => {
                    self.at += 2;
                    return self.token(Token::Other, start, true);
                }
                _ => {
                    self.at += 1;
                    return self.token(Token::Other, start, false);
                }
            }
        }
    }
}
