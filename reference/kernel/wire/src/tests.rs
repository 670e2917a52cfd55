use super::*;

const REGIONS: [Region; 2] =
    [Region::new(Memory::Hugetlb, 9, 3), Region::new(Memory::Anon, 0, u16::MAX)];

const JOBS: [GuestJob<'_>; 2] =
    [GuestJob { regions: &REGIONS, bytes: b"first" }, GuestJob { regions: &[], bytes: b"" }];

fn batch() -> Vec<u8> {
    let mut body = Vec::new();
    GuestJob::put_all(&JOBS, &mut body);
    body
}

fn put_bytes(out: &mut Vec<u8>, kind: Kind, body: &[u8]) {
    put(out, kind, |out| out.extend_from_slice(body));
}

/// Why bytes are refused that are not what they should be.
fn refused<T: std::fmt::Debug>(read: io::Result<T>) -> String {
    let why = read.unwrap_err();
    assert_eq!(why.kind(), io::ErrorKind::InvalidData, "{why}");
    why.to_string()
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
    assert_eq!(GuestJob::all_of(&batch()).unwrap(), JOBS);
}

#[test]
fn frames_follow_each_other() {
    let mut out = Vec::new();
    put_bytes(&mut out, Kind::Answer, b"yes");
    put_bytes(&mut out, Kind::Answer, b"");
    put_bytes(&mut out, Kind::Stats, b"");
    let answers = [(Kind::Answer, b"yes".to_vec()), (Kind::Answer, Vec::new())];
    let frames = [&answers[..], &[(Kind::Stats, Vec::new())]].concat();
    assert_eq!(read_all(&out).unwrap(), frames);
}

#[test]
fn a_frame_cut_short_is_no_frame() {
    let mut out = Vec::new();
    put_bytes(&mut out, Kind::Hello, b"hello");
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
    assert_eq!(refused(read_all(&[0, 0, 0, 0, 99])), "a frame of an unknown kind");
    let bytes = [0xff, 0xff, 0xff, 0xff, Kind::Stats as u8];
    assert_eq!(refused(read_all(&bytes)), "a frame that is too long");
}

#[test]
fn a_batch_cut_short_is_an_error() {
    let body = batch();
    for length in 0..body.len() {
        assert_eq!(refused(GuestJob::all_of(&body[..length])), "a short batch", "{length} bytes");
    }
}

#[test]
fn a_region_is_of_a_known_kind_of_memory() {
    let mut body = batch();
    body[4 + 2] = 9;
    let unknown = "a region of an unknown kind of memory";
    assert_eq!(refused(GuestJob::all_of(&body)), unknown);
}
