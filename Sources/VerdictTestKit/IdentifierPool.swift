/// Ids that tell implementations apart: bytes that Unicode takes for equal and that aren't, ids
/// that look like prefixes or hold the separator, lengths at the limit, and what is no id at all.
public enum IdentifierPool {
  /// Legal ids, all different as bytes.
  public static let legal: [[UInt8]] =
    [
      "1", "2", "3", "A", "a", "S1", "caf\u{e9}", "cafe\u{301}", "a/b", "/a", "user:a",
      "with space",
      "quote\"back\\slash", "line\nbreak", "null", "~", "1e3", "- x", "\u{1f600}", "\u{7f}",
      "\u{feff}x",
      "{{a}}", "#", "*all", "0123456789abcdef", "0123456789abcdef0123456789abcde",
      "0123456789abcdef0123456789abcdef",
    ].map { Array($0.utf8) }
    + [
      Array(repeating: UInt8(ascii: "x"), count: 255),
      Array(repeating: UInt8(ascii: "x"), count: 254) + [UInt8(ascii: "y")],
    ]

  /// Legal ids that no world uses.
  public static let unused: [[UInt8]] =
    [
      "unused", "s1", "S10", "S", "caf\u{65}", "11", "a/b/", "user:", "service_token:1",
      "0123456789abcdef0123456789abcdeF",
    ].map { Array($0.utf8) }
    + [Array(repeating: UInt8(ascii: "z"), count: 255)]

  /// What is no id: empty, too long, with a NUL, not UTF-8 (cut short, overlong, surrogate, above
  /// the last scalar, a stray continuation).
  public static let illegal: [[UInt8]] = [
    [], Array(repeating: UInt8(ascii: "x"), count: 256),
    Array(repeating: UInt8(ascii: "y"), count: 5_000), [0], [0x41, 0], [0x53, 0x31, 0],
    [0x00, 0x41],
    [0xc3], [0x41, 0xe2, 0x82], [0xc0, 0x80], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0x80], [0x41, 0xff],
  ]
}
