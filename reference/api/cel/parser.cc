#include <algorithm>
#include <limits>

#include "reference/api/cel/expression.h"
#include "reference/api/cel/lexer.h"

namespace plumb::cel {

namespace {

// Of the tree: evaluation goes down as far as it is high.
constexpr std::size_t most_height = 250;

constexpr std::string_view reserved[] = {"as",  "break",   "const",     "continue", "else", "for", "function", "if",   "import",
                                         "let", "package", "namespace", "return",   "var",  "void", "loop",     "while"};

struct Operator {
  std::string_view symbol;
  int level;  // binds stronger the higher
};
constexpr Operator relations[] = {{"==", 0}, {"!=", 0}, {"<=", 0}, {">=", 0}, {"<", 0}, {">", 0}, {"in", 0}, {"+", 1}, {"-", 1}, {"*", 2}, {"/", 2}, {"%", 2}};
constexpr int levels = 3;

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens) : text_(text), tokens_(std::move(tokens)) {}

  Result<NodePtr> run() {
    NodePtr node = PLUMB_TRY(expression());
    if (now().is != Token::Is::end) return unexpected();
    return node;
  }

 private:
  const Token& now() const { return tokens_[at_]; }
  bool sees(std::string_view symbol, std::size_t ahead = 0) const {
    const Token& token = tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
    return token.is == Token::Is::symbol && token.text == symbol;
  }
  bool accept(std::string_view symbol) { return sees(symbol) && ++at_; }
  Status expect(std::string_view symbol) {
    if (accept(symbol)) return {};
    return unexpected();
  }
  Error bad(std::size_t position, std::string_view what) const { return fail(Code::invalid_argument, describe_error(text_, position, what)); }
  Error unexpected() const {
    const std::string what = now().is == Token::Is::end ? "<EOF>" : std::string(now().text);
    return bad(now().position, "Syntax error: mismatched input '" + what + "'");
  }

  Result<NodePtr> make(Node::Op op, std::size_t position, std::vector<NodePtr> args, std::string name = {}) {
    auto node = std::make_unique<Node>();
    node->op = op;
    node->position = position;
    node->name = std::move(name);
    for (const NodePtr& arg : args) node->height = std::max(node->height, arg->height + 1);
    node->args = std::move(args);
    if (node->height > most_height) return bad(position, "expression recursion limit exceeded: " + std::to_string(most_height));
    return node;
  }
  template <class... Args>
  static std::vector<NodePtr> nodes(Args... args) {
    std::vector<NodePtr> all;
    (all.push_back(std::move(args)), ...);
    return all;
  }

  // The parser itself goes down for each bracket.
  struct Depth {
    explicit Depth(std::size_t& depth) : depth(++depth) {}
    ~Depth() { --depth; }
    std::size_t& depth;
  };

  Result<NodePtr> expression() {
    const Depth depth(depth_);
    if (depth_ > most_height) return bad(now().position, "expression recursion limit exceeded: " + std::to_string(most_height));
    NodePtr condition = PLUMB_TRY(logical("||", Node::Op::logical_or));
    const std::size_t position = now().position;
    if (!accept("?")) return condition;
    NodePtr then = PLUMB_TRY(logical("||", Node::Op::logical_or));
    PLUMB_TRY(expect(":"));
    NodePtr otherwise = PLUMB_TRY(expression());
    return make(Node::Op::conditional, position, nodes(std::move(condition), std::move(then), std::move(otherwise)));
  }

  Result<NodePtr> logical(std::string_view symbol, Node::Op op) {
    const auto operand = [&]() -> Result<NodePtr> { return op == Node::Op::logical_or ? logical("&&", Node::Op::logical_and) : relation(0); };
    std::vector<NodePtr> operands;
    operands.push_back(PLUMB_TRY(operand()));
    const std::size_t position = now().position;
    while (accept(symbol)) operands.push_back(PLUMB_TRY(operand()));
    if (operands.size() == 1) return std::move(operands.front());
    return make(op, position, std::move(operands));
  }

  Result<NodePtr> relation(int level) {
    if (level == levels) return unary();
    NodePtr left = PLUMB_TRY(relation(level + 1));
    for (;;) {
      const auto found = std::find_if(std::begin(relations), std::end(relations), [&](const Operator& one) { return one.level == level && sees(one.symbol); });
      if (found == std::end(relations)) return left;
      const std::size_t position = now().position;
      ++at_;
      NodePtr right = PLUMB_TRY(relation(level + 1));
      left = PLUMB_TRY(make(Node::Op::call, position, nodes(std::move(left), std::move(right)), "_" + std::string(found->symbol) + "_"));
    }
  }

  Result<NodePtr> unary() {
    const std::size_t position = now().position;
    for (const std::string_view symbol : {"!", "-"}) {
      if (!sees(symbol)) continue;
      std::size_t times = 0;
      while (accept(symbol)) ++times;
      const Token& operand = now();
      const bool negative = symbol == "-" && operand.is == Token::Is::literal && times % 2 == 1;
      if (negative && (operand.value.is(Kind::integer) || operand.value.is(Kind::number) || operand.name == "-")) return negative_literal(position);
      NodePtr node = PLUMB_TRY(member());
      if (times % 2 == 0) return node;
      return make(Node::Op::call, position, nodes(std::move(node)), std::string(symbol) + "_");
    }
    return member();
  }

  Result<NodePtr> negative_literal(std::size_t position) {
    Token& token = tokens_[at_];
    token.value = token.name == "-"                ? Value::of(std::numeric_limits<std::int64_t>::min())
                  : token.value.is(Kind::integer) ? Value::of(-token.value.integer())
                                                  : Value::of(-token.value.number());
    token.name.clear();
    token.position = position;
    return member();
  }

  Result<NodePtr> member() {
    NodePtr node = PLUMB_TRY(primary());
    for (;;) {
      const std::size_t position = now().position;
      if (accept(".")) {
        const bool optional = accept("?");
        const Token& name = now();
        if (name.is != Token::Is::identifier && name.is != Token::Is::quoted_identifier) return unexpected();
        ++at_;
        if (name.is == Token::Is::identifier && !optional && sees("(")) {
          node = PLUMB_TRY(call(position, name.name, std::move(node)));
          continue;
        }
        node = PLUMB_TRY(make(Node::Op::select, position, nodes(std::move(node)), name.name));
        node->optional = optional;
      } else if (accept("[")) {
        const bool optional = accept("?");
        NodePtr index = PLUMB_TRY(expression());
        PLUMB_TRY(expect("]"));
        node = PLUMB_TRY(make(Node::Op::index, position, nodes(std::move(node), std::move(index))));
        node->optional = optional;
      } else if (sees("{") && (node->op == Node::Op::variable || node->op == Node::Op::select)) {
        return bad(position, "messages cannot be made here");
      } else {
        return node;
      }
    }
  }

  Result<NodePtr> primary() {
    const Token& token = now();
    if (token.is == Token::Is::literal) {
      if (token.name == "-") return bad(token.position, "invalid int literal");
      ++at_;
      auto node = PLUMB_TRY(make(Node::Op::literal, token.position, {}));
      node->value = token.value;
      return node;
    }
    if (accept("(")) {
      NodePtr node = PLUMB_TRY(expression());
      PLUMB_TRY(expect(")"));
      return node;
    }
    if (accept("[")) return list(token.position);
    if (accept("{")) return map(token.position);
    accept(".");  // names are global anyhow
    const Token& name = now();
    if (name.is != Token::Is::identifier) return unexpected();
    if (std::find(std::begin(reserved), std::end(reserved), name.name) != std::end(reserved)) return bad(name.position, "reserved identifier: " + name.name);
    ++at_;
    if (sees("(")) return call(name.position, name.name, nullptr);
    return make(Node::Op::variable, name.position, {}, name.name);
  }

  Result<NodePtr> list(std::size_t position) {
    std::vector<NodePtr> items;
    std::vector<bool> optional;
    while (!sees("]")) {
      optional.push_back(accept("?"));
      items.push_back(PLUMB_TRY(expression()));
      if (!accept(",")) break;
    }
    PLUMB_TRY(expect("]"));
    NodePtr node = PLUMB_TRY(make(Node::Op::list, position, std::move(items)));
    node->optional_entries = std::move(optional);
    return node;
  }

  Result<NodePtr> map(std::size_t position) {
    std::vector<NodePtr> entries;
    std::vector<bool> optional;
    while (!sees("}")) {
      optional.push_back(accept("?"));
      entries.push_back(PLUMB_TRY(expression()));
      PLUMB_TRY(expect(":"));
      entries.push_back(PLUMB_TRY(expression()));
      if (!accept(",")) break;
    }
    PLUMB_TRY(expect("}"));
    NodePtr node = PLUMB_TRY(make(Node::Op::map, position, std::move(entries)));
    node->optional_entries = std::move(optional);
    return node;
  }

  Result<NodePtr> call(std::size_t position, const std::string& name, NodePtr receiver) {
    PLUMB_TRY(expect("("));
    std::vector<NodePtr> args;
    while (!sees(")")) {
      args.push_back(PLUMB_TRY(expression()));
      if (!accept(",")) break;
    }
    PLUMB_TRY(expect(")"));
    if (!receiver && name == "has" && args.size() == 1) return has(position, std::move(args.front()));
    if (receiver && receiver->op == Node::Op::variable && receiver->name == "cel" && name == "bind" && args.size() == 3) {
      return macro(Node::Op::bind, position, std::move(args[1]), std::move(args[0]), nodes(std::move(args[2])));
    }
    if (receiver) {
      struct Macro {
        std::string_view name;
        std::size_t args;
        Node::Op op;
      };
      static constexpr Macro macros[] = {
          {"all", 2, Node::Op::all},       {"exists", 2, Node::Op::exists},     {"exists_one", 2, Node::Op::exists_one}, {"existsOne", 2, Node::Op::exists_one},
          {"map", 2, Node::Op::transform}, {"map", 3, Node::Op::transform},     {"filter", 2, Node::Op::filter},         {"optMap", 2, Node::Op::opt_map},
          {"optFlatMap", 2, Node::Op::opt_flat_map}};
      for (const Macro& one : macros) {
        if (name != one.name || args.size() != one.args) continue;
        if (one.args == 3) return macro(one.op, position, std::move(receiver), std::move(args[0]), nodes(std::move(args[2]), std::move(args[1])));
        return macro(one.op, position, std::move(receiver), std::move(args[0]), nodes(std::move(args[1])));
      }
      args.insert(args.begin(), std::move(receiver));
      NodePtr node = PLUMB_TRY(make(Node::Op::call, position, std::move(args), name));
      node->member = true;
      return node;
    }
    return make(Node::Op::call, position, std::move(args), name);
  }

  Result<NodePtr> macro(Node::Op op, std::size_t position, NodePtr over, NodePtr variable, std::vector<NodePtr> rest) {
    if (variable->op != Node::Op::variable) return bad(variable->position, "argument must be a simple name");
    std::vector<NodePtr> args = nodes(std::move(over));
    for (NodePtr& one : rest) args.push_back(std::move(one));
    return make(op, position, std::move(args), variable->name);
  }

  Result<NodePtr> has(std::size_t position, NodePtr field) {
    if (field->op != Node::Op::select || field->optional) return bad(field->position, "invalid argument to has() macro");
    field->op = Node::Op::has;
    field->position = position;
    return field;
  }

  const std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0, depth_ = 0;
};

}  // namespace

Result<NodePtr> parse(std::string_view text) {
  auto tokens = PLUMB_TRY(tokens_of(text));
  return Parser(text, std::move(tokens)).run();
}

std::string describe_error(std::string_view text, std::size_t position, std::string_view what) {
  position = std::min(position, text.size());
  const std::string_view before = text.substr(0, position);
  const std::size_t line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  const std::size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const std::string_view shown = text.substr(start, std::min(text.find('\n', start), text.size()) - start);
  return "ERROR: <input>:" + std::to_string(line) + ":" + std::to_string(position - start + 1) + ": " + std::string(what) + "\n | " + std::string(shown) + "\n | " +
         std::string(position - start, '.') + "^";
}

}  // namespace plumb::cel
