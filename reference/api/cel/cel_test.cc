#include <gmock/gmock.h>

#include <set>

#include "harness/base/file.h"
#include "reference/api/cel/program.h"

namespace plumb::cel {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Result<Value> evaluate(std::string_view text, std::uint64_t most_steps = 1'000'000) {
  const Program program = PLUMB_TRY(Program::compile(text, {.longest_text = 1 << 20}));
  return program.evaluate(std::span<const Value>(), most_steps);
}
std::string result(std::string_view text) {
  const auto value = evaluate(text);
  return value.ok() ? value->describe() : value.error().message;
}
std::string mistake(std::string_view text, const Environment& environment = {}) {
  const auto program = Program::compile(text, environment);
  return program.ok() ? "" : program.error().message.substr(0, program.error().message.find('\n'));
}

// --- cases that others have published

// Variables whose names have dots, which Kubernetes' CEL does not have.
const std::set<std::string_view> not_there = {"fields/qualified_identifier_resolution/qualified_ident", "fields/qualified_identifier_resolution/map_field_select",
                                              "fields/qualified_identifier_resolution/ident_with_longest_prefix_check"};

TEST(Published, CasesHold) {
  const auto text = read_file("fixtures/cel/cases.json");
  ASSERT_TRUE(text.ok()) << text.error().message;
  const auto cases = api::parse_json(*text);
  ASSERT_TRUE(cases.ok()) << cases.error().message;
  std::size_t held = 0;
  for (const api::Doc& one : cases->items()) {
    const std::string name(one["name"].as_string());
    if (not_there.contains(name)) continue;
    SCOPED_TRACE(name + ": " + std::string(one["expr"].as_string()));
    Environment environment;
    std::vector<Value> values;
    for (const api::Doc::Member& binding : one["bindings"].members()) {
      environment.variables.push_back({std::string(binding.name())});
      const auto value = evaluate(binding.value.as_string());
      ASSERT_TRUE(value.ok()) << value.error().message;
      values.push_back(*value);
    }
    const auto program = Program::compile(one["expr"].as_string(), environment);
    if (one["error"].as_bool()) {
      const auto value = program.ok() ? program->evaluate(values) : Result<Value>(program.error());
      EXPECT_FALSE(value.ok()) << value->describe();
      held += !value.ok();
      continue;
    }
    EXPECT_TRUE(program.ok()) << program.error().message;
    if (!program.ok()) continue;
    const auto value = program->evaluate(values), expected = evaluate(one["value"].as_string());
    ASSERT_TRUE(expected.ok()) << expected.error().message;
    EXPECT_TRUE(value.ok()) << value.error().message;
    if (!value.ok()) continue;
    const bool same = value->kind() == expected->kind() && (*value == *expected || (value->is(Kind::number) && value->number() != value->number()));
    EXPECT_TRUE(same) << value->describe() << " is not " << expected->describe();
    held += same;
  }
  EXPECT_GT(held, 1'000u);
}

// --- mistakes

TEST(Compile, SaysWhatIsWrongAndWhere) {
  const auto program = Program::compile("1 +\n  unknown", {});
  ASSERT_FALSE(program.ok());
  EXPECT_EQ(program.error().message, "ERROR: <input>:2:3: undeclared reference to 'unknown' (in container '')\n |   unknown\n | ..^");
  EXPECT_EQ(mistake(""), "ERROR: <input>:1:1: Syntax error: mismatched input '<EOF>'");
  EXPECT_EQ(mistake("1 1"), "ERROR: <input>:1:3: Syntax error: mismatched input '1'");
  EXPECT_EQ(mistake("'a"), "ERROR: <input>:1:1: Syntax error: unterminated string");
  EXPECT_EQ(mistake("a#b"), "ERROR: <input>:1:2: Syntax error: token recognition error at: '#'");
  EXPECT_EQ(mistake("1 + 'a'"), "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'");
  EXPECT_EQ(mistake("'a'.size(1)"), "ERROR: <input>:1:4: found no matching overload for 'size' applied to 'string.(int)'");
  EXPECT_EQ(mistake("nothing(1)"), "ERROR: <input>:1:1: undeclared reference to 'nothing' (in container '')");
  EXPECT_EQ(mistake("1 == 'a'"), "ERROR: <input>:1:3: found no matching overload for '_==_' applied to '(int, string)'");
  EXPECT_EQ(mistake("1 && true"), "ERROR: <input>:1:3: found no matching overload for '_&&_' applied to '(int, bool)'");
  EXPECT_EQ(mistake("[1].all(x + 1, true)"), "ERROR: <input>:1:11: argument must be a simple name");
  EXPECT_THAT(mistake("(1).all(x, true)"), HasSubstr("cannot be range of a comprehension"));
  EXPECT_EQ(mistake("[1].all(x, x)"), "ERROR: <input>:1:12: expected type 'bool' but found 'int'");
  EXPECT_EQ(mistake("[1].map(x, y)"), "ERROR: <input>:1:12: undeclared reference to 'y' (in container '')");
  EXPECT_EQ(mistake("while"), "ERROR: <input>:1:1: reserved identifier: while");
  EXPECT_EQ(mistake("has(1)"), "ERROR: <input>:1:5: invalid argument to has() macro");
  EXPECT_EQ(mistake("1", {.result = Kind::boolean}), "ERROR: <input>:1:1: must evaluate to bool, not int");
  EXPECT_EQ(mistake("9223372036854775808"), "ERROR: <input>:1:1: invalid int literal");
}

TEST(Compile, KnowsTheMembersOfTypes) {
  const Type device = Type::object("Device", {{"driver", Kind::string}, {"attributes", Type::map(Type::map(Kind::dyn))}, {"capacity", Type::map(Type::map(Kind::quantity))}});
  const Environment environment{.variables = {{"device", device}}, .result = Kind::boolean};
  EXPECT_EQ(mistake("device.driver == 'a' && device.attributes['a'].b && device.capacity['a'].b.isGreaterThan(quantity('1'))", environment), "");
  EXPECT_EQ(mistake("device.vendor == 'a'", environment), "ERROR: <input>:1:7: undefined field 'vendor'");
  EXPECT_EQ(mistake("has(device.vendor)", environment), "ERROR: <input>:1:1: undefined field 'vendor'");
  EXPECT_EQ(mistake("device.driver", environment), "ERROR: <input>:1:7: must evaluate to bool, not string");
  EXPECT_EQ(mistake("device.driver == 1", environment), "ERROR: <input>:1:15: found no matching overload for '_==_' applied to '(string, int)'");
  EXPECT_EQ(mistake("device.driver.x", environment), "ERROR: <input>:1:14: type 'string' does not support field selection");
  const Program program = *Program::compile("has(device.driver) && device.driver.startsWith('gpu')", environment);
  EXPECT_TRUE(program.evaluate({Value::map({{Value::of("driver"), Value::of("gpu.example.com")}})})->boolean());
  EXPECT_FALSE(program.evaluate({Value::map({})})->boolean());
  const Program attribute = *Program::compile("device.attributes['a'].b", environment);
  const auto bound = [](Value value) { return Value::map({{Value::of("attributes"), Value::map({{Value::of("a"), Value::map({{Value::of("b"), std::move(value)}})}})}}); };
  EXPECT_TRUE(attribute.evaluate({bound(Value::of(true))})->boolean());
  EXPECT_EQ(attribute.evaluate({bound(Value::of("x"))}).error().message, "the expression gives string, not bool");
  EXPECT_EQ(attribute.evaluate({}).error().message, "the expression has 1 variables, not 0");
}

TEST(Evaluate, SaysWhyThereIsNoValue) {
  EXPECT_EQ(result("{'a': 1}.b"), "no such key: b");
  EXPECT_EQ(result("[1][1]"), "index out of bounds: 1");
  EXPECT_EQ(result("[1][-1]"), "index out of bounds: -1");
  EXPECT_EQ(result("1 / 0"), "division by zero");
  EXPECT_EQ(result("dyn(1) + 'a'"), "no such overload");
  EXPECT_EQ(result("'a'.matches('(')"), "error parsing regexp: missing ): (");
  EXPECT_EQ(result("{1: 1, 1u: 2}"), "repeated key");
}

TEST(Evaluate, DocumentsAreViewed) {
  const Program program = *Program::compile("object.spec.replicas > 2 && object.names.exists(n, n == 'b') && has(object.spec.none) && object.spec.none == null && object.half == 0.5",
                                            {.variables = {{"object"}}, .result = Kind::boolean});
  const auto doc = api::parse_json(R"({"spec":{"replicas":3,"none":null},"names":["a","b"],"half":0.5})");
  EXPECT_TRUE(program.evaluate({Value::of(*doc)})->boolean());
}

TEST(Evaluate, Quantities) {
  EXPECT_EQ(result("quantity('1Gi').isGreaterThan(quantity('1000Mi'))"), "true");
  EXPECT_EQ(result("quantity('1500m').isInteger()"), "false");
  EXPECT_EQ(result("quantity('2k').asInteger()"), "2000");
  EXPECT_EQ(result("quantity('1').add(quantity('500m')).sub(1).compareTo(quantity('0.5'))"), "0");
  EXPECT_EQ(result("quantity('-1').sign()"), "-1");
  EXPECT_EQ(result("quantity('50k').asApproximateFloat()"), "50000");
  EXPECT_EQ(result("isQuantity('1Gi') && !isQuantity('1Zz')"), "true");
  EXPECT_EQ(result("quantity('1') == quantity('1000m')"), "true");
}

TEST(Evaluate, SemanticVersions) {
  EXPECT_EQ(result("semver('1.2.3').isLessThan(semver('1.10.0'))"), "true");
  EXPECT_EQ(result("semver('1.2.3-rc.1').compareTo(semver('1.2.3'))"), "-1");
  EXPECT_EQ(result("semver('1.2.3-rc.2').isGreaterThan(semver('1.2.3-rc.1'))"), "true");
  EXPECT_EQ(result("semver('1.2.3-2').isLessThan(semver('1.2.3-alpha'))"), "true");
  EXPECT_EQ(result("semver('1.2.3+a') == semver('1.2.3+b')"), "true");
  EXPECT_EQ(result("semver('3.4.5').minor()"), "4");
  EXPECT_EQ(result("isSemver('1.0') || isSemver('v1.0.0') || isSemver('01.0.0') || isSemver('1.0.0-')"), "false");
  EXPECT_EQ(result("semver('v01.2', true).major()"), "1");
  EXPECT_EQ(result("semver('1.0.0').compareTo(semver('1.0'))"), "\"1.0\" is no semantic version: major.minor.patch is needed");
}

TEST(Evaluate, ListsSetsAndTexts) {
  EXPECT_EQ(result("[3, 1, 2].max() == 3 && [3, 1, 2].min() == 1 && [1.5, 2.0].sum() == 3.5 && ['a', 'b'].isSorted()"), "true");
  EXPECT_EQ(result("[1, 2, 1].lastIndexOf(1) == 2 && [1, 2, 1].indexOf(3) == -1"), "true");
  EXPECT_EQ(result("sets.contains([1, 2], [2]) && sets.equivalent([1, 1, 2], [2, 1]) && !sets.intersects([1], [2])"), "true");
  EXPECT_EQ(result("'abc 123'.find('[0-9]+') + '|' + 'a1b22'.findAll('[0-9]+').join(',')"), "\"123|1,22\"");
  EXPECT_EQ(result("[].min()"), "min called on empty list");
  EXPECT_EQ(result("cel.bind(a, [1, 2], a + a)"), "[1, 2, 1, 2]");
}

// --- input that means ill

TEST(Hostile, StepsAreLimited) {
  const auto value = evaluate("[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, true))))", 10'000);
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().code, Code::resource_exhausted);
  EXPECT_EQ(value.error().message, "operation cancelled: actual cost limit exceeded");
  std::uint64_t steps = 0;
  EXPECT_TRUE(Program::compile("1 + 1", {})->evaluate(std::span<const Value>(), 10, &steps).ok());
  EXPECT_EQ(steps, 3u);
  EXPECT_EQ(evaluate("false || [1,2,3,4,5,6,7,8,9].all(a, true) || true", 5).error().code, Code::resource_exhausted) << "no failure like others";
}

TEST(Hostile, DoublingIsPaidFor) {
  std::string texts = "'0123456789'", lists = "[1]", equal = "[1]";
  for (int i = 0; i < 60; ++i) {
    texts = "cel.bind(x, " + texts + ", x + x)";
    lists = "cel.bind(x, " + lists + ", x + x)";
    equal = "cel.bind(x, " + equal + ", [x, x])";
  }
  EXPECT_EQ(evaluate(texts).error().code, Code::resource_exhausted);
  EXPECT_EQ(evaluate(lists).error().code, Code::resource_exhausted);
  EXPECT_EQ(evaluate("cel.bind(y, " + equal + ", y == y)").error().code, Code::resource_exhausted);
  EXPECT_EQ(evaluate("cel.bind(y, " + equal + ", y in [y])").error().code, Code::resource_exhausted);
  EXPECT_EQ(evaluate("'" + std::string(10'000, 'a') + "'.replace('a', '" + std::string(10'000, 'b') + "').size()").error().code, Code::resource_exhausted);
}

TEST(Hostile, DepthIsLimited) {
  for (const auto& [open, close] : {std::pair("(", ")"), {"[", "]"}, {"!(", ")"}, {"size([", "])"}, {"{1:", "}"}, {"true ? true : (", ")"}}) {
    std::string text = "1";
    for (int i = 0; i < 5'000; ++i) text = open + text + close;
    EXPECT_THAT(result(text), HasSubstr("expression recursion limit exceeded: 250")) << open;
  }
  for (const char* link : {" + 1", ".a", "[0]", ".size()"}) {
    std::string text = "x";
    for (int i = 0; i < 5'000; ++i) text += link;
    EXPECT_THAT(result(text), HasSubstr("expression recursion limit exceeded: 250")) << link;
  }
  std::string wide = "true";
  for (int i = 0; i < 5'000; ++i) wide += " && true";
  EXPECT_EQ(result(wide), "true") << "breadth is none";
  EXPECT_EQ(result(std::string(2'000, '-') + "1"), "1");
}

TEST(Hostile, LengthIsLimited) {
  EXPECT_THAT(mistake("'" + std::string(11'000, 'a') + "'"), StartsWith("the expression has 11002 bytes"));
  EXPECT_EQ(mistake("'\xff'"), "the expression is not UTF-8");
}

TEST(Hostile, NothingCutOffCrashes) {
  const std::string text = "cel.bind(x, {'a\\u00e9': [1u, -2.5e3, b'\\x00', r\"\\d\", 0x1F]}, has(x.a) ? x.?a[?0].orValue(dyn(null)) : size(\"\"\"t\"\"\") in [?optional.none(), `q`])";
  for (std::size_t end = 0; end <= text.size(); ++end) {
    static_cast<void>(result(text.substr(0, end)));
    static_cast<void>(result(text.substr(end)));
    std::string changed = text;
    for (const char c : {'\0', '"', '\'', '(', '?', '\\', '\x80'}) {
      if (end < text.size()) changed[end] = c;
      static_cast<void>(result(changed));
    }
  }
}

}  // namespace
}  // namespace plumb::cel
