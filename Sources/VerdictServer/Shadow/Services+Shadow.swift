internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictRPC

/// `GetShadowReport`.
extension Services {
  private static var rowCount: Int { 100 }
  /// As many as there can be.
  private static var rowCountMax: Int { ShadowTally.effectCountMax + ShadowTally.reasonCountMax }

  func shadowReport(_ message: ByteView) -> WorkerAnswer {
    guard let shadow = state.shadow else {
      return WorkerAnswer(
        .failedPrecondition, "nothing is compared with a staged set; start with --shadow SHARE")
    }
    let arena = MessageArena()
    guard let request = InspectionRequest(.getShadowReport, message, in: arena) else {
      return WorkerAnswer(.internalError, "the message is not readable as this method's request")
    }
    let asked = request.pageItemCountMax
    let rows = asked == 0 ? Services.rowCount : min(asked, Services.rowCountMax)
    guard let reply = shadow.report(rowCountMax: rows).packed() else {
      return WorkerAnswer(
        .resourceExhausted, "the report takes more memory than an answer may; ask for fewer items")
    }
    return WorkerAnswer(reply: reply)
  }
}
