//! The page in Chromium: narrow and wide, light and dark.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::Directory;
use crate::{page, sample};

/// Widths of a phone and of a desktop, in CSS pixels.
const WIDTHS: [u64; 2] = [390, 1280];

/// Tells the page around it what this one is like, with everything unfolded.
const MEASURE: &str = "<script>
    document.querySelectorAll('details').forEach((details) => { details.open = true; });
    parent.postMessage({
        width: innerWidth,
        needs: document.documentElement.scrollWidth,
        resources: performance.getEntriesByType('resource').length,
        background: getComputedStyle(document.body).backgroundColor,
    }, '*');
    </script></body>";

/// Shows a page in frames, for a window cannot be as narrow as a phone, and writes down what
/// they tell.
const FRAMES: &str = "<!doctype html><pre></pre><script>
    onmessage = ({ data }) => {
        document.querySelector('pre').append(JSON.stringify(data), '\\n');
    };
    </script>";

/// Chromium, which these tests need.
fn chromium() -> &'static str {
    let runs = |name: &&str| {
        let mut command = Command::new(name);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let found = ["chromium", "google-chrome"].into_iter().find(runs);
    found.expect("there is no Chromium; on Debian, `apt-get install chromium`")
}

/// The page's elements when it is loaded, and what the browser logs.
fn load(program: &str, directory: &Directory, file: &str, options: &[&str]) -> (String, String) {
    let profile = format!("--user-data-dir={}", directory.path().join("profile").display());
    let url = format!("file://{}", directory.path().join(file).display());
    let mut command = Command::new(program);
    command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]);
    // Time stands still until all messages have come.
    command.args(["--virtual-time-budget=5000", "--dump-dom", &profile]).args(options).arg(url);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{log}");
    (String::from_utf8(output.stdout).unwrap(), log)
}

/// What the page is like at each of the widths.
fn measured(program: &str, directory: &Directory, options: &[&str]) -> Vec<Value> {
    let (elements, log) = load(program, directory, "frames.html", options);
    let lines = elements.split("<pre>").nth(1).unwrap().split("</pre>").next().unwrap().lines();
    let mut measured: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(measured.len(), WIDTHS.len(), "{log}");
    measured.sort_by_key(|page| page["width"].as_u64());
    measured
}

#[test]
fn the_page_fits_and_loads_nothing() {
    let program = chromium();
    let directory = Directory::new();
    let page =
        std::fs::read_to_string(page(&directory, &sample::record(), &sample::lcov())).unwrap();
    // The page lets no script run: what is measured is one that does.
    let (before, policy) = page.split_once("<meta http-equiv").unwrap();
    let (_, after) = policy.split_once('>').unwrap();
    directory.write("measured.html", format!("{before}{after}").replace("</body>", MEASURE));
    let frame = |width| {
        format!("<iframe width={width} height=900 frameborder=0 src=measured.html></iframe>")
    };
    directory.write("frames.html", FRAMES.to_owned() + &WIDTHS.map(frame).concat());
    let light = measured(program, &directory, &[]);
    let dark = measured(program, &directory, &["--blink-settings=preferredColorScheme=0"]);
    for (page, width) in light.iter().chain(&dark).zip(WIDTHS.iter().cycle()) {
        assert_eq!(page["width"], *width, "{page}");
        assert!(page["needs"].as_u64() <= Some(*width), "it scrolls to the side: {page}");
        assert_eq!(page["resources"], 0, "{page}");
    }
    assert_ne!(light[0]["background"], dark[0]["background"]);
}

#[test]
fn the_browser_has_nothing_to_complain_of() {
    let program = chromium();
    let directory = Directory::new();
    page(&directory, &sample::record(), &sample::lcov());
    let (elements, log) = load(program, &directory, "page.html", &[]);
    assert!(!log.contains("CONSOLE"), "{log}");
    assert!(elements.contains("put_user_pages_dirty_lock() &lt;fast&gt;"), "{elements}");
    // Nothing to load, nothing to run, and links only within.
    for part in ["<script", "<img", "<link", " src=", "@import", "url(", "href=\"h"] {
        assert!(!elements.contains(part), "there is `{part}`");
    }
}

#[test]
fn scripts_do_not_run() {
    let program = chromium();
    let directory = Directory::new();
    let page = page(&directory, &sample::record(), &sample::lcov());
    let script = "<script>document.title = 'ran'</script></body>";
    let page = std::fs::read_to_string(page).unwrap().replace("</body>", script);
    directory.write("script.html", page);
    let (elements, log) = load(program, &directory, "script.html", &[]);
    assert!(log.contains("CONSOLE") && log.contains("Content Security Policy"), "{log}");
    assert!(!elements.contains("<title>ran</title>"));
}
