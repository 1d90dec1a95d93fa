//! The archive format of fixtures: a comment, then files, each behind a `-- name --` line.

pub struct Archive {
    pub comment: String,
    pub files: Vec<(String, String)>,
}

impl Archive {
    pub fn parse(text: &str) -> Self {
        let mut archive = Archive {
            comment: String::new(),
            files: Vec::new(),
        };
        for line in text.split_inclusive('\n') {
            match marker(line) {
                Some(name) => archive.files.push((name.to_owned(), String::new())),
                None => match archive.files.last_mut() {
                    Some((_, content)) => content.push_str(line),
                    None => archive.comment.push_str(line),
                },
            }
        }
        archive
    }

    pub fn write(&self) -> String {
        let mut text = self.comment.clone();
        for (name, content) in &self.files {
            text.push_str(&format!("-- {name} --\n{content}"));
            if !content.is_empty() && !content.ends_with('\n') {
                text.push('\n');
            }
        }
        text
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let file = self.files.iter().find(|(held, _)| held == name);
        file.map(|(_, content)| content.as_str())
    }

    /// Puts a file in place of the one with its name, or last; an empty one goes.
    pub fn set(&mut self, name: &str, content: String) {
        let held = self.files.iter_mut().find(|(held, _)| held == name);
        match held {
            _ if content.is_empty() => self.files.retain(|(held, _)| held != name),
            Some(file) => file.1 = content,
            None => self.files.push((name.to_owned(), content)),
        }
    }
}

fn marker(line: &str) -> Option<&str> {
    let name = line.trim_end().strip_prefix("-- ")?.strip_suffix(" --")?;
    (!name.is_empty()).then_some(name)
}
