use super::*;

const REGIONS: [Region; 2] =
    [Region::new(Memory::Hugetlb, 9, 3), Region::new(Memory::Anon, 0, u16::MAX)];

fn batch() -> Vec<u8> {
    let mut body = Vec::new();
    body.extend_from_slice(&2u32.to_le_bytes());
    GuestJob { regions: &REGIONS, bytes: b"first" }.put(&mut body);
    GuestJob { regions: &[], bytes: b"" }.put(&mut body);
    body
}

fn answers() -> Vec<u8> {
    let mut body = Vec::new();
    for answer in [&b"yes"[..], b"", b"no"] {
        let start = begin_answer(&mut body);
        body.extend_from_slice(answer);
        end_answer(&mut body, start);
    }
    body
}

/// All frames, whose last may be cut short.
fn read_all(mut bytes: &[u8]) -> io::Result<Vec<(Kind, Vec<u8>)>> {
    let mut body = vec![0; 100];
    let mut frames = Vec::new();
    while let Some(kind) = read(&mut bytes, &mut body)? {
        frames.push((kind, body.clone()));
    }
    Ok(frames)
}

#[test]
fn a_batch_is_read_as_it_was_written() {
    let body = batch();
    let jobs: Result<Vec<GuestJob<'_>>, Malformed> = GuestJobs::new(&body).unwrap().collect();
    let first = GuestJob { regions: &REGIONS, bytes: b"first" };
    assert_eq!(jobs.unwrap(), [first, GuestJob { regions: &[], bytes: b"" }]);
}

#[test]
fn answers_are_read_as_they_were_written() {
    let body = answers();
    let read: Vec<&[u8]> = Answers::new(&body).map(Result::unwrap).collect();
    assert_eq!(read, [&b"yes"[..], b"", b"no"]);
    assert_eq!(Answers::new(&[]).next(), None);
}

#[test]
fn answers_cut_short_are_an_error_and_the_end() {
    let body = answers();
    // Where an answer ends, nothing tells that others are missing.
    for length in (1..body.len()).filter(|length| ![7, 11].contains(length)) {
        let mut answers = Answers::new(&body[..length]);
        assert!(answers.any(|answer| answer.is_err()), "{length} bytes");
        assert_eq!(answers.next(), None);
    }
}

#[test]
fn frames_follow_each_other() {
    let mut out = Vec::new();
    let start = begin(&mut out, Kind::Answers);
    out.extend_from_slice(&answers());
    end(&mut out, start);
    put(&mut out, Kind::Stats, b"");
    let frames = [(Kind::Answers, answers()), (Kind::Stats, Vec::new())];
    assert_eq!(read_all(&out).unwrap(), frames);
}

#[test]
fn a_frame_cut_short_is_no_frame() {
    let mut out = Vec::new();
    put(&mut out, Kind::Hello, b"hello");
    for length in 0..HEADER {
        assert_eq!(read_all(&out[..length]).unwrap(), []);
    }
    for length in HEADER..out.len() {
        let cut = read_all(&out[..length]).unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof, "{length} bytes");
    }
}

#[test]
fn a_frame_must_be_of_a_known_kind_and_not_too_long() {
    let refused = |bytes: &[u8]| {
        let why = read_all(bytes).unwrap_err();
        (why.kind(), why.to_string())
    };
    let because = |what: &str| (io::ErrorKind::InvalidData, what.to_owned());
    assert_eq!(refused(&[0, 0, 0, 0, 99]), because("a frame of an unknown kind"));
    let bytes = [0xff, 0xff, 0xff, 0xff, Kind::Stats as u8];
    assert_eq!(refused(&bytes), because("a frame that is too long"));
}

#[test]
fn a_batch_cut_short_is_an_error_and_the_end() {
    let body = batch();
    for length in 4..body.len() {
        let mut jobs = GuestJobs::new(&body[..length]).unwrap();
        assert!(jobs.any(|job| job.is_err()), "{length} bytes");
        assert!(jobs.next().is_none());
    }
    assert!(GuestJobs::new(&body[..3]).is_err());
}

#[test]
fn a_region_is_of_a_known_kind_of_memory() {
    let mut body = batch();
    body[4 + 2] = 9;
    let mut jobs = GuestJobs::new(&body).unwrap();
    let unknown = Malformed("a region of an unknown kind of memory");
    assert_eq!(jobs.next(), Some(Err(unknown)));
    assert_eq!(jobs.next(), None);
}
