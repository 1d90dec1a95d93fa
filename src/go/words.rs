//! Where words stand, so that a search by name looks only there.

use super::lexer::is_word;

/// Numbered parts of a text, or of many, by the words in them. Comments and strings count as well, and words go by a
/// hash: what is found is all that may hold a word.
#[derive(Debug, Default)]
pub struct Words(Vec<(u32, u32)>);

impl Words {
    /// The words of each part; parts are numbered as they come.
    pub fn of<'t>(parts: impl Iterator<Item = &'t [u8]>) -> Self {
        let words = |(at, part): (u32, &'t [u8])| {
            let words = part.split(|byte| !is_word(*byte));
            let words = words.filter(|word| !word.is_empty());
            words.map(move |word| (hash(word), at))
        };
        Words::sorted((0..).zip(parts).flat_map(words).collect())
    }

    /// What holds the parts of each of these, numbered as they come.
    pub fn of_all<'w>(all: impl Iterator<Item = Vec<&'w Words>>) -> Self {
        let words = |(at, parts): (u32, Vec<&'w Words>)| {
            let mut hashes: Vec<u32> = parts.into_iter().flat_map(Words::hashes).collect();
            hashes.sort_unstable();
            hashes.dedup();
            hashes.into_iter().map(move |hash| (hash, at))
        };
        Words::sorted((0..).zip(all).flat_map(words).collect())
    }

    fn sorted(mut places: Vec<(u32, u32)>) -> Self {
        places.sort_unstable();
        places.dedup();
        places.shrink_to_fit();
        Words(places)
    }

    fn hashes(&self) -> impl Iterator<Item = u32> {
        let runs = self.0.chunk_by(|a, b| a.0 == b.0);
        runs.map(|run| run[0].0)
    }

    /// The numbers of the parts that may hold `word`, in order.
    pub fn holding(&self, word: &str) -> impl Iterator<Item = usize> {
        let hash = hash(word.as_bytes());
        let first = self.0.partition_point(|(known, _)| *known < hash);
        let found = self.0[first..]
            .iter()
            .take_while(move |(known, _)| *known == hash);
        found.map(|(_, at)| *at as usize)
    }
}

/// FNV-1a: short, and the same in every run.
pub(super) fn hash(word: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    word.iter().fold(0x811c_9dc5, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(words: &Words, word: &str) -> Vec<usize> {
        words.holding(word).collect()
    }

    #[test]
    fn words_are_found_whole_wherever_they_stand() {
        let parts = ["func Get() {}", "x.Get(GetAll) // größe", "s := \"Get it\"", ""];
        let words = Words::of(parts.iter().map(|part| part.as_bytes()));
        assert_eq!(holding(&words, "Get"), [0, 1, 2]);
        assert_eq!(holding(&words, "GetAll"), [1]);
        assert_eq!(holding(&words, "größe"), [1]);
        assert!(holding(&words, "Ge").is_empty());
        assert!(holding(&words, "").is_empty());
    }

    #[test]
    fn a_whole_holds_what_its_parts_hold() {
        let [a, b, c] =
            ["open shut", "open", "shut door"].map(|text| Words::of([text.as_bytes()].into_iter()));
        let all = Words::of_all([vec![&a, &b], Vec::new(), vec![&c]].into_iter());
        assert_eq!(holding(&all, "open"), [0]);
        assert_eq!(holding(&all, "shut"), [0, 2]);
        assert_eq!(holding(&all, "door"), [2]);
    }
}
