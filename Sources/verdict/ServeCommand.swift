internal import ArgumentParser

struct ServeCommand: ParsableCommand {
}
