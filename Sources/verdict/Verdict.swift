@main
enum Verdict {
  static func main() {}
}
