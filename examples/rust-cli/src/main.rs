//! Says how long a number of seconds is, and which architecture it was compiled for.
use std::time::Duration;

fn main() {
    let seconds = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    println!("{}s = {}", itoa::Buffer::new().format(seconds), humantime::format_duration(Duration::from_secs(seconds)));
    println!("{}", std::env::consts::ARCH);
}
