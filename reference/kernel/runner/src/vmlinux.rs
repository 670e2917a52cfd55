//! The kernel inside a compressed image. QEMU starts that one directly, and does not
//! spend seconds emulating its decompression.

use std::io::Read;

use lz4_flex::frame::FrameDecoder;

/// The ELF file inside a bzImage that is compressed with LZ4, as Debian's are.
pub(crate) fn extract(image: &[u8]) -> Option<Vec<u8>> {
    // The build appends the length that the frame unpacks to.
    let (frame, length) = payload(image)?.split_last_chunk()?;
    let mut kernel = Vec::new();
    FrameDecoder::new(frame).read_to_end(&mut kernel).ok()?;
    let is_whole = kernel.len() == u32::from_le_bytes(*length) as usize;
    (is_whole && kernel.starts_with(b"\x7fELF")).then_some(kernel)
}

/// The compressed part. Documentation/arch/x86/boot.rst names the fields of the header.
fn payload(image: &[u8]) -> Option<&[u8]> {
    if image.get(0x202..0x206)? != b"HdrS" {
        return None;
    }
    let number = |at: usize| {
        let bytes = image.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
    };
    let setup_sectors = match *image.get(0x1f1)? {
        0 => 4,
        sectors => usize::from(sectors),
    };
    let start = (setup_sectors + 1) * 512 + number(0x248)?;
    image.get(start..)?.get(..number(0x24c)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bzImage of two blocks, with a setup of four sectors.
    fn image(kernel: &[u8]) -> Vec<u8> {
        let mut payload = vec![0x02, 0x21, 0x4c, 0x18];
        for half in kernel.chunks(kernel.len().div_ceil(2)) {
            let block = lz4_flex::block::compress(half);
            payload.extend_from_slice(&(block.len() as u32).to_le_bytes());
            payload.extend_from_slice(&block);
        }
        payload.extend_from_slice(&(kernel.len() as u32).to_le_bytes());
        let mut image = vec![0; 5 * 512 + 16];
        image[0x1f1] = 4;
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x248] = 16;
        image[0x24c..0x250].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        image.extend_from_slice(&payload);
        image
    }

    #[test]
    fn the_kernel_comes_out_whole() {
        let kernel = [b"\x7fELF".as_slice(), &[7; 5000], b"end"].concat();
        assert_eq!(extract(&image(&kernel)), Some(kernel));
    }

    #[test]
    fn what_is_no_such_image_is_left_alone() {
        assert_eq!(extract(b""), None);
        assert_eq!(extract(&image(b"not an ELF file")), None);
        let whole = image(b"\x7fELF and more");
        for length in 0..whole.len() {
            assert_eq!(extract(&whole[..length]), None);
        }
    }
}
