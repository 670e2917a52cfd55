//! What an object that is linked into the module must not have in it.

use std::path::Path;
use std::process::Command;

use crate::{Error, tool};

/// What functions are called that the module has for the object.
const HOOKS: &str = "pagediff_hook_";

/// The most bytes of the stack that a function may use: a kernel's stack is small, and the caller
/// has used of it.
const MOST_STACK: u64 = 256;

/// The names in an object, or in an archive, a line each; `which` are nm's words for some of them.
///
/// # Errors
///
/// nm is not there, or does not know the file.
pub(crate) fn symbols(object: &Path, which: &[&str]) -> Result<String, Error> {
    let mut nm = Command::new("nm");
    nm.args(["--format=just-symbols", "--quiet"]).args(which).arg(object);
    tool::run(&mut nm, tool::BINUTILS)
}

/// Refuses an object that calls what the module does not have, that may panic, that uses registers
/// which a kernel does not save, or too much of its stack.
///
/// # Errors
///
/// The first of these that is found, with the function; or there are no binutils to look with.
pub(crate) fn check(object: &Path) -> Result<(), Error> {
    let all = symbols(object, &[])?;
    let undefined = symbols(object, &["--undefined-only"])?;
    let mut objdump = Command::new("objdump");
    objdump.args(["--disassemble", "--no-show-raw-insn"]).arg(object);
    let code = tool::run(&mut objdump, tool::BINUTILS)?;
    let wrong = wrong_symbol(&all, &undefined).or_else(|| wrong_code(&code));
    wrong.map_or(Ok(()), |wrong| {
        let message = format!("{} is not fit for a kernel: {wrong}", object.display());
        Err(Error::new(
            message,
            "mend the library, or how it is built; docs/in-a-kernel.md says why",
        ))
    })
}

fn wrong_symbol(symbols: &str, undefined: &str) -> Option<String> {
    // Of core's, as they are mangled, and the shim's own.
    let panic = symbols.lines().find(|symbol| symbol.contains("panic"));
    let foreign = undefined.lines().find(|symbol| !symbol.starts_with(HOOKS));
    panic
        .map(|symbol| format!("it may panic, by {symbol}"))
        .or_else(|| foreign.map(|symbol| format!("it calls {symbol}, which is none of its hooks")))
}

/// Of what objdump disassembled.
fn wrong_code(code: &str) -> Option<String> {
    let (mut function, mut stack) = ("", 0);
    for line in code.lines() {
        if let Some(name) = line.strip_suffix(">:").and_then(|line| line.split_once('<')) {
            (function, stack) = (name.1, 0);
            continue;
        }
        let Some((_, instruction)) = line.split_once(":\t") else { continue };
        if has_vector_register(instruction) {
            return Some(format!("{function} uses a vector register: {instruction}"));
        }
        if instruction.contains("(%rsp") && is_below(instruction) {
            return Some(format!("{function} writes below the stack: {instruction}"));
        }
        let Some(more) = stack_use(instruction) else {
            return Some(format!("{function} uses stack that cannot be told: {instruction}"));
        };
        stack += more;
        if stack > MOST_STACK {
            return Some(format!("{function} uses more than {MOST_STACK} bytes of the stack"));
        }
    }
    None
}

/// Those of SSE and its successors, of MMX, and of floating-point numbers.
fn has_vector_register(instruction: &str) -> bool {
    ["%xmm", "%ymm", "%zmm", "%mm", "%st"].iter().any(|register| instruction.contains(register))
}

/// Whether an operand lies before the stack pointer, where an interrupt overwrites it.
fn is_below(instruction: &str) -> bool {
    let operands = instruction.split([' ', ',']);
    operands.into_iter().any(|operand| operand.starts_with('-') && operand.contains("(%rsp"))
}

/// How much further an instruction takes the stack; `None` if only running it shows.
fn stack_use(instruction: &str) -> Option<u64> {
    let mut words = instruction.split_whitespace();
    let (name, operands) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if name.starts_with("push") {
        return Some(8);
    }
    let Some(by) = operands.strip_suffix(",%rsp") else { return Some(0) };
    let number = by.strip_prefix("$0x").and_then(|number| u64::from_str_radix(number, 16).ok());
    match name {
        // Of 128 bytes it is shorter to add their negative.
        "sub" | "subq" => number,
        "add" | "addq" => number.map(|number| number.cast_signed().min(0).unsigned_abs()),
        // What was put there by the caller's own pointer.
        "mov" | "movq" if by == "%rbp" => Some(0),
        "lea" if by.starts_with("-0x") && by.ends_with("(%rbp)") => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What is wrong with the object of a function in assembly.
    fn wrong(body: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let (source, object) = (folder.path().join("function.s"), folder.path().join("function.o"));
        fs::write(&source, format!(".globl function\nfunction:\n{body}\nret\n")).unwrap();
        let mut gcc = Command::new("gcc");
        tool::run(gcc.arg("-c").arg(source).arg("-o").arg(&object), "").unwrap();
        check(&object).err().map(|error| error.to_string())
    }

    #[track_caller]
    fn is_refused(body: &str, why: &str) {
        let wrong = wrong(body).expect("it is refused");
        assert!(wrong.contains(why), "{wrong}");
    }

    #[test]
    fn code_for_a_kernel_passes() {
        let body = "push %rbp\nsub $0xf8,%rsp\nmov %rdi,0x8(%rsp)\nlock decl 0x34(%rdi)\n\
                    prefetcht0 -0x40(%rdi)\ncall pagediff_hook_free_page\nadd $0xf8,%rsp\npop %rbp";
        assert_eq!(wrong(body), None);
    }

    #[test]
    fn vector_registers_are_refused() {
        for body in
            ["movups (%rdi),%xmm0", "vpxor %ymm1,%ymm1,%ymm1", "fld %st(1)", "emms\nmovd %eax,%mm0"]
        {
            is_refused(body, "function uses a vector register: ");
        }
    }

    #[test]
    fn calls_of_what_is_no_hook_are_refused() {
        is_refused("call memcpy", "it calls memcpy, which is none of its hooks");
        is_refused("jmp _printk", "it calls _printk");
    }

    #[test]
    fn panics_are_refused_whether_they_are_there_or_not() {
        is_refused("call _RNvNtCs1_4core9panicking9panic_fmt", "it may panic, by _RNvNt");
        is_refused("call panic_fmt\npanic_fmt: jmp panic_fmt", "it may panic, by panic_fmt");
    }

    #[test]
    fn more_than_256_bytes_of_the_stack_are_refused() {
        is_refused("push %rbp\nsub $0x100,%rsp", "function uses more than 256 bytes of the stack");
        let three_times = "add $-128,%rsp\n".repeat(3);
        is_refused(&three_times, "function uses more than 256 bytes of the stack");
        is_refused("sub %rax,%rsp", "function uses stack that cannot be told: sub");
        is_refused("mov %rax,-0x8(%rsp)", "function writes below the stack: mov");
    }
}
