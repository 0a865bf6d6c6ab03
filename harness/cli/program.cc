#include <algorithm>
#include <iostream>

#include "harness/cli/arguments.h"
#include "harness/cli/command.h"

namespace plumb::cli {
namespace {

std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substitute, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

void print_usage(std::ostream& out) {
  out << "plumb checks how a Kubernetes behaves, measures how fast it does, and runs one of its own.\n\n"
         "Usage: plumb [--kubeconfig FILE] [--context NAME] [--log-level LEVEL] COMMAND …\n\nCommands:\n";
  for (const auto& [name, make] : Registry<Command>::all()) {
    const auto command = make();
    if (!command->hidden()) out << "  " << name << std::string(name.size() < 14 ? 14 - name.size() : 1, ' ') << command->summary() << "\n";
  }
  out << "\n`plumb COMMAND --help` tells more. Exit codes: 0 ok, 1 negative verdict, 2 usage, 3 cluster unreachable or set-up impossible,\n"
         "4 partial verdict, 130 interrupted.\n";
}

// Global flags may stand before the command too: they move behind it.
std::vector<std::string> globals_last(std::vector<std::string> args) {
  static const std::vector<std::string> taking{"--kubeconfig", "--context", "--log-level"};
  std::vector<std::string> moved;
  while (!args.empty()) {
    const std::string& first = args.front();
    const bool separate = std::find(taking.begin(), taking.end(), first) != taking.end();
    const bool joined = std::any_of(taking.begin(), taking.end(), [&](const auto& name) { return first.starts_with(name + "="); });
    if (!separate && !joined) break;
    const std::size_t count = std::min<std::size_t>(separate ? 2 : 1, args.size());
    moved.insert(moved.end(), args.begin(), args.begin() + static_cast<std::ptrdiff_t>(count));
    args.erase(args.begin(), args.begin() + static_cast<std::ptrdiff_t>(count));
  }
  args.insert(args.end(), moved.begin(), moved.end());
  return args;
}

class VersionCommand final : public Command {
 public:
  std::string summary() const override { return "print the version of this program"; }
  int run(const std::vector<std::string>& args, Globals globals) override {
    std::string output = "text";
    Arguments arguments("version", summary(), globals);
    arguments.choice("--output,-o", output, {"text", "json"}, "format");
    if (const auto done = arguments.parse(args)) return *done;
    if (output == "json") std::cout << "{\"version\": \"" << tool_version() << "\"}\n";
    else std::cout << "plumb " << tool_version() << "\n";
    return exit_ok;
  }
};

class ListCommand final : public Command {
 public:
  std::string summary() const override { return "print what is registered: commands, tests, …"; }
  int run(const std::vector<std::string>& args, Globals globals) override {
    std::string kind;
    Arguments arguments("list", summary(), globals);
    arguments.positional("kind", kind, "what to list; without it, the kinds");
    if (const auto done = arguments.parse(args)) return *done;
    if (kind.empty()) {
      for (const auto& [name, make] : Registry<Listing>::all()) std::cout << name << "\n";
      return exit_ok;
    }
    const auto listing = Registry<Listing>::make(kind);
    if (listing == nullptr) {
      std::cerr << "plumb list: there is nothing called \"" << kind << "\"; `plumb list` names the kinds\n";
      return exit_usage;
    }
    for (const auto& [name, text] : listing->entries()) std::cout << name << "\t" << text << "\n";
    return exit_ok;
  }
};

class CommandListing final : public Listing {
 public:
  std::vector<std::pair<std::string, std::string>> entries() const override {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& [name, make] : Registry<Command>::all()) {
      const auto command = make();
      if (!command->hidden()) out.emplace_back(name, command->summary());
    }
    return out;
  }
};

const Registered<Command> version_registered{"version", [] { return std::make_unique<VersionCommand>(); }};
const Registered<Command> list_registered{"list", [] { return std::make_unique<ListCommand>(); }};
const Registered<Listing> commands_registered{"commands", [] { return std::make_unique<CommandListing>(); }};

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& names) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& name : names) {
    const std::size_t far = name.starts_with(word) && word.size() >= 2 ? 0 : distance(word, name);
    if (far < best_distance) best = name, best_distance = far;
  }
  return best;
}

std::string tool_version() { return PLUMB_VERSION; }

int run_program(std::vector<std::string> args) {
  args = globals_last(std::move(args));
  if (args.empty() || args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    print_usage(args.empty() ? std::cerr : std::cout);
    return args.empty() ? exit_usage : exit_ok;
  }
  if (args[0] == "--version") args[0] = "version";
  const auto command = Registry<Command>::make(args[0]);
  if (command == nullptr) {
    std::vector<std::string> names;
    for (const auto& [name, make] : Registry<Command>::all()) names.push_back(name);
    const std::string near = nearest(args[0], names);
    std::cerr << "plumb: unknown command \"" << args[0] << "\"" << (near.empty() ? "" : ": did you mean `plumb " + near + "`?")
              << "; `plumb --help` lists the commands\n";
    return exit_usage;
  }
  return command->run({args.begin() + 1, args.end()}, Globals{});
}

}  // namespace plumb::cli
