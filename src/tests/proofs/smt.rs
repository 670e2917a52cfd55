//! The functions of an SMT-LIB text, as far as the transcriptions need them: words of bits, and
//! truth as 0 and 1. z3 says the same of them, or the proofs would be of something else.

use std::string::{String, ToString};
use std::vec::Vec;

/// A text's functions with parameters.
pub(super) struct Functions(Vec<Function>);

struct Function {
    name: String,
    parameters: Vec<String>,
    /// The bits of each parameter.
    width: u32,
    body: Expression,
}

enum Expression {
    Constant(u64),
    Parameter(usize),
    Call(usize, Vec<Expression>),
    Operation(String, Vec<Expression>),
}

/// An expression of the text: a word, or a list.
enum Node {
    Word(String),
    List(Vec<Node>),
}

impl Functions {
    /// The functions that are defined before the text's first claim.
    pub(super) fn parse(text: &str) -> Functions {
        let transcription = text.split("What is right").next().unwrap();
        let transcription = transcription.split("(declare").next().unwrap();
        let lines = transcription.lines().map(|line| line.split(';').next().unwrap());
        let code = lines.collect::<Vec<_>>().join(" ").replace('(', " ( ").replace(')', " ) ");
        let (mut words, mut functions) = (code.split_whitespace(), Functions(Vec::new()));
        let mut width = 0;
        while let Some(node) = read(&mut words) {
            match node.list() {
                [Node::Word(kind), _, _, sort] if kind == "define-sort" => {
                    width = sort.list()[2].word().parse().unwrap();
                }
                [Node::Word(kind), name, parameters, _, body] if kind == "define-fun" => {
                    let name = name.word().to_string();
                    let parameters = parameters.list().iter();
                    let parameters: Vec<String> = parameters
                        .map(|parameter| parameter.list()[0].word().to_string())
                        .collect();
                    let body = functions.expression(body, &parameters);
                    functions.0.push(Function { name, parameters, width, body });
                }
                _ => panic!("a sort or a function is to be defined"),
            }
        }
        functions
    }

    /// The number of the function with this name.
    pub(super) fn named(&self, name: &str) -> usize {
        let found = self.0.iter().position(|function| function.name == name);
        found.unwrap_or_else(|| panic!("there is no function {name}"))
    }

    /// What a function makes of these arguments.
    pub(super) fn call(&self, function: usize, arguments: &[u64]) -> u64 {
        let Function { parameters, width, body, .. } = &self.0[function];
        assert_eq!(parameters.len(), arguments.len());
        self.value(body, arguments, *width)
    }

    fn expression(&self, node: &Node, parameters: &[String]) -> Expression {
        let (name, arguments) = match node {
            Node::Word(word) => {
                if let Some(digits) = word.strip_prefix("#x") {
                    return Expression::Constant(u64::from_str_radix(digits, 16).unwrap());
                }
                if word == "false" {
                    return Expression::Constant(0);
                }
                let number = parameters.iter().position(|parameter| parameter == word);
                return Expression::Parameter(number.unwrap_or_else(|| panic!("what is {word}")));
            }
            Node::List(nodes) => (nodes[0].word(), &nodes[1..]),
        };
        let arguments = arguments.iter().map(|argument| self.expression(argument, parameters));
        let arguments = arguments.collect();
        match self.0.iter().position(|function| function.name == name) {
            Some(function) => Expression::Call(function, arguments),
            None => Expression::Operation(name.to_string(), arguments),
        }
    }

    fn value(&self, expression: &Expression, arguments: &[u64], width: u32) -> u64 {
        let mask = u64::MAX >> (64 - width);
        let value = |expression: &Expression| self.value(expression, arguments, width);
        match expression {
            Expression::Constant(constant) => *constant,
            Expression::Parameter(number) => arguments[*number],
            Expression::Call(function, arguments) => {
                let arguments: Vec<u64> = arguments.iter().map(value).collect();
                self.call(*function, &arguments)
            }
            Expression::Operation(name, operands) => {
                let [first, second] = [0, 1].map(|place| value(&operands[place]));
                let signed = |bits: u64| (bits << (64 - width)) as i64;
                let (signed_first, signed_second) = (signed(first), signed(second));
                match name.as_str() {
                    "bvadd" => first.wrapping_add(second) & mask,
                    "bvsub" => first.wrapping_sub(second) & mask,
                    "bvor" => first | second,
                    "bvshl" => first.checked_shl(second as u32).unwrap_or(0) & mask,
                    "bvult" => u64::from(first < second),
                    "bvule" => u64::from(first <= second),
                    "bvslt" => u64::from(signed_first < signed_second),
                    "bvsgt" => u64::from(signed_first > signed_second),
                    "bvsle" => u64::from(signed_first <= signed_second),
                    "bvsge" => u64::from(signed_first >= signed_second),
                    "=" => u64::from(first == second),
                    "or" => first | second,
                    "and" => operands[1..].iter().map(value).fold(first, |all, one| all & one),
                    "ite" => {
                        if first == 1 {
                            second
                        } else {
                            value(&operands[2])
                        }
                    }
                    _ => panic!("{name} is no operation that is known here"),
                }
            }
        }
    }
}

impl Node {
    fn word(&self) -> &str {
        match self {
            Node::Word(word) => word,
            Node::List(_) => panic!("a word is to be here"),
        }
    }

    fn list(&self) -> &[Node] {
        match self {
            Node::List(nodes) => nodes,
            Node::Word(word) => panic!("a list is to be here, not {word}"),
        }
    }
}

/// The next expression; none at the end, and at the end of a list.
fn read<'text>(words: &mut impl Iterator<Item = &'text str>) -> Option<Node> {
    match words.next()? {
        ")" => None,
        "(" => {
            let mut nodes = Vec::new();
            while let Some(node) = read(words) {
                nodes.push(node);
            }
            Some(Node::List(nodes))
        }
        word => Some(Node::Word(word.to_string())),
    }
}
