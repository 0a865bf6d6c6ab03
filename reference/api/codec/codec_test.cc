#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "reference/api/codec/json.h"
#include "reference/api/codec/list.h"
#include "reference/api/codec/protobuf.h"
#include "reference/api/text/time.h"
#include "reference/api/types/apiextensionsv1.h"
#include "reference/api/types/appsv1.h"
#include "reference/api/types/corev1.h"
#include "reference/api/walk.h"

namespace plumb::api {
namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// A struct of a type known only by its table.
class Any {
 public:
  explicit Any(const TypeInfo& type) : type_(type), memory_(std::calloc(1, std::max<std::size_t>(type.size, 1))) {}
  ~Any() {
    destroy(type_, memory_);
    std::free(memory_);
  }
  void* get() { return memory_; }

 private:
  const TypeInfo& type_;
  void* memory_;
};

struct Pair {
  std::string name;
  const TypeInfo* type = nullptr;
  std::string json, protobuf;
};

const TypeInfo* type_named(std::string_view api_version, std::string_view kind) {
  if (const TypeInfo* type = find_type(api_version, kind)) return type;
  // Kinds of the meta package are part of every group.
  for (const PackageInfo* package : all_packages())
    for (const TypeInfo* type : package->types)
      if (type->name == kind && type->group == "meta.k8s.io") return type;
  return nullptr;
}

std::vector<Pair> golden_pairs() {
  std::vector<Pair> pairs;
  for (const auto& entry : std::filesystem::directory_iterator("fixtures/golden")) {
    if (entry.path().extension() != ".pb") continue;
    Pair pair;
    pair.name = entry.path().stem();
    pair.protobuf = slurp(entry.path());
    pair.json = slurp(entry.path().parent_path() / (pair.name + ".json"));
    const auto envelope = open_envelope(pair.protobuf);
    // A watch event's envelope names no kind.
    if (envelope.ok()) pair.type = type_named(envelope->api_version, envelope->kind.empty() ? pair.name.substr(pair.name.rfind('.') + 1) : envelope->kind);
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

TEST(Golden, EveryPairRoundTripsBothWays) {
  const auto pairs = golden_pairs();
  EXPECT_EQ(pairs.size(), 95u);
  for (const Pair& pair : pairs) {
    ASSERT_NE(pair.type, nullptr) << pair.name;
    const TypeInfo& type = *pair.type;
    const Envelope envelope = open_envelope(pair.protobuf).value();

    Any from_wire(type);
    ASSERT_TRUE(decode_protobuf_into(type, from_wire.get(), envelope.raw).ok()) << pair.name;
    std::string json;
    encode_json(type, from_wire.get(), json);
    auto expected = nlohmann::json::parse(pair.json), actual = nlohmann::json::parse(json);
    // Of the kinds that all groups share, the table does not know in whose name they are sent.
    for (auto* document : {&expected, &actual})
      if (type.group == "meta.k8s.io") document->erase("apiVersion");
    EXPECT_EQ(actual, expected) << pair.name << " " << nlohmann::json::diff(expected, actual);

    DecodeReport report;
    Any from_json(type);
    const Status decoded = decode_json_into(type, from_json.get(), pair.json, &report);
    ASSERT_TRUE(decoded.ok()) << pair.name << ": " << decoded.error().message;
    EXPECT_TRUE(report.problems.empty()) << pair.name << ": " << report.problems[0];
    EXPECT_TRUE(semantically_equal(type, from_wire.get(), from_json.get())) << pair.name;
    std::string message, wire;
    encode_protobuf_message(type, from_json.get(), message);
    EXPECT_TRUE(message == envelope.raw) << pair.name;
    wrap_envelope(envelope.api_version, envelope.kind, message, wire);
    EXPECT_TRUE(wire == pair.protobuf) << pair.name;
  }
}

TEST(Golden, ObjectsCloneEqual) {
  for (const Pair& pair : golden_pairs()) {
    if (!pair.type->is_object) continue;
    const auto object = decode_protobuf_message(*pair.type, open_envelope(pair.protobuf)->raw).value();
    EXPECT_TRUE(semantically_equal(*object, *clone(*object))) << pair.name;
  }
}

TEST(Protobuf, EveryTruncationIsAnErrorOrAShorterObjectNeverACrash) {
  for (const Pair& pair : golden_pairs()) {
    const std::string raw(open_envelope(pair.protobuf)->raw);
    const std::size_t step = raw.size() / 97 + 1;
    for (std::size_t size = 0; size < raw.size(); size += step) {
      Any any(*pair.type);
      (void)decode_protobuf_into(*pair.type, any.get(), std::string_view(raw).substr(0, size));
    }
    for (std::size_t flip = 0; flip < raw.size(); flip += step) {
      std::string broken = raw;
      broken[flip] = static_cast<char>(broken[flip] ^ 0xff);
      Any any(*pair.type);
      (void)decode_protobuf_into(*pair.type, any.get(), broken);
    }
  }
}

// A schema inside a schema, as deep as a request may nest, comes back from both wires.
TEST(Json, TypesThatContainThemselvesNestAsDeepInProtobuf) {
  const auto definition = [](std::string_view open, std::string_view close, int depth) {
    std::string text = R"({"spec":{"versions":[{"schema":{"openAPIV3Schema":)";
    for (int i = 0; i < depth; ++i) text += open;
    text += R"({"type":"string"})";
    for (int i = 0; i < depth; ++i) text += close;
    return text + "}}]}}";
  };
  const TypeInfo& type = apiextensionsv1::CustomResourceDefinition::info();
  const std::pair<std::string, std::string> forms[] = {{R"({"not":)", "}"},         {R"({"items":)", "}"},
                                                       {R"({"items":[)", "]}"},     {R"({"properties":{"a":)", "}}"},
                                                       {R"({"allOf":[)", "]}"},     {R"({"additionalProperties":)", "}"},
                                                       {R"({"dependencies":{"a":)", "}}"}};
  for (const auto& [open, close] : forms) {
    int deepest = 0;
    for (int depth = 1; depth < 600; depth += 10) {
      const auto read = decode_json(type, definition(open, close, depth));
      if (!read.ok()) break;
      deepest = depth;
      std::string bytes;
      encode_protobuf(**read, bytes);
      const auto again = decode_protobuf(bytes);
      ASSERT_TRUE(again.ok()) << open << depth << ": " << again.error().message;
      EXPECT_TRUE(semantically_equal(**read, **again)) << open << depth;
    }
    EXPECT_GT(deepest, 100) << open;
    EXPECT_FALSE(decode_json(type, definition(open, close, 600)).ok()) << open;
  }
}

TEST(Json, AUnionTakesTheFormsOfItsFieldsOnly) {
  const TypeInfo& type = apiextensionsv1::JSONSchemaProps::info();
  const auto again = [&](std::string_view json) {
    Any any(type);
    const Status read = decode_json_into(type, any.get(), json);
    if (!read.ok()) return "error: " + read.error().message;
    std::string text;
    encode_json(type, any.get(), text);
    return text;
  };
  for (const char* text : {R"({"items":{"type":"a"}})", R"({"items":[{},{"type":"a"}]})", R"({"additionalProperties":false})", R"({"additionalProperties":true})",
                           R"({"additionalProperties":{}})", R"({"dependencies":{"a":["b"],"c":{}}})", R"({"default":null,"enum":[null,1]})",
                           R"({"default":{"a":[1,"b"]},"example":"x"})"})
    EXPECT_EQ(again(text), text == std::string_view(R"({"default":null,"enum":[null,1]})") ? R"({"enum":[null,1]})" : text);
  EXPECT_EQ(again(R"({"items":null,"additionalProperties":null})"), "{}");
  EXPECT_EQ(again(R"({"items":{"typ":1}})"), R"({"items":{}})");
  EXPECT_EQ(again(R"({"items":true,"items":{"type":"a"}})").substr(0, 6), "error:");
  for (const char* text : {R"({"items":7})", R"({"items":"x"})", R"({"additionalProperties":[]})", R"({"dependencies":{"a":true}})", R"({"dependencies":{"a":[7]}})"})
    EXPECT_EQ(again(text).substr(0, 6), "error:") << text;
}

TEST(Protobuf, SkipsUnknownFields) {
  auto pod = std::make_shared<corev1::Pod>();
  pod->metadata.name = "a";
  std::string message;
  encode_protobuf_message(corev1::Pod::info(), pod.get(), message);
  message += std::string("\xf2\x3f\x03xyz\xf8\x3f\x07", 9);  // fields 1022 (bytes) and 1023 (varint)
  const auto decoded = decode_protobuf_message(corev1::Pod::info(), message);
  ASSERT_TRUE(decoded.ok());
  EXPECT_TRUE(semantically_equal(**decoded, *pod));
}

TEST(Protobuf, SortsMapsThatArriveUnsorted) {
  std::string entry_b("\x5a\x06\x0a\x01" "b\x12\x01" "2", 8), entry_a("\x5a\x06\x0a\x01" "a\x12\x01" "1", 8);
  metav1::ObjectMeta meta;
  ASSERT_TRUE(decode_protobuf_into(metav1::ObjectMeta::info(), &meta, entry_b + entry_a).ok());
  EXPECT_EQ(meta.labels.get("a"), "1");
  EXPECT_EQ(meta.labels.get("b"), "2");
}

TEST(Protobuf, KeepsTheLastOfSeveralEntriesWithOneKey) {
  const auto label = [](std::string_view key, std::string_view value) { return "\x5a\x14\x0a\x01" + std::string(key) + "\x12\x0f" + std::string(value); };
  const std::string old_text(15, 'o'), new_text(15, 'n'), other("\x72\x01" "f", 3);
  for (const std::string& between : {std::string(), other}) {
    metav1::ObjectMeta meta;
    ASSERT_TRUE(decode_protobuf_into(metav1::ObjectMeta::info(), &meta, label("k", old_text) + label("a", old_text) + between + label("k", new_text)).ok());
    EXPECT_EQ(meta.labels.size(), 2u);
    EXPECT_EQ(meta.labels.get("k"), new_text);
    EXPECT_EQ(meta.labels.get("a"), old_text);
  }
}

TEST(Protobuf, JoinsListsThatComeInParts) {
  const std::string first("\x72\x01" "a" "\x72\x01" "b", 6), other("\x5a\x06\x0a\x01" "k\x12\x01" "v", 8), second("\x72\x01" "c", 3);
  corev1::Pod whole, parts;
  ASSERT_TRUE(decode_protobuf_into(metav1::ObjectMeta::info(), &whole.metadata, first + second + other).ok());
  ASSERT_TRUE(decode_protobuf_into(metav1::ObjectMeta::info(), &parts.metadata, first + other + second).ok());
  EXPECT_EQ(whole.metadata.finalizers, (List<Str>{"a", "b", "c"}));
  EXPECT_TRUE(semantically_equal(whole, parts));
  EXPECT_EQ(memory_held(whole), memory_held(parts));  // no room left over
  // Any number of parts costs what as many elements cost.
  std::string many;
  for (int i = 0; i < 100000; ++i) many += second + other;
  metav1::ObjectMeta meta;
  ASSERT_TRUE(decode_protobuf_into(metav1::ObjectMeta::info(), &meta, many).ok());
  EXPECT_EQ(meta.finalizers.size(), 100000u);
}

Result<std::shared_ptr<Object>> pod(std::string_view json, DecodeReport* report = nullptr) { return decode_json(corev1::Pod::info(), json, report); }

TEST(Json, ReportsUnknownAndDuplicateFieldsWithPaths) {
  DecodeReport report;
  const auto decoded = pod(R"({"kind":"Pod","kind":"Pod","apiVersion":"v1","metadata":{"name":"a","labels":{"x":"1","x":"2"}},
    "spec":{"nodeNam":"n","containers":[{"name":"c"},{"name":"d","imag":{"deep":[1,{"x":null}]}}],"nodeName":"a","nodeName":"b"}})", &report);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(report.problems, (std::vector<std::string>{"duplicate field \"kind\"", "duplicate field \"metadata.labels.x\"", "unknown field \"spec.nodeNam\"",
                                                       "unknown field \"spec.containers[1].imag\"", "duplicate field \"spec.nodeName\""}));
  const auto& typed = static_cast<const corev1::Pod&>(**decoded);
  EXPECT_EQ(typed.spec.nodeName, "b");
  EXPECT_EQ(typed.metadata.labels.get("x"), "2");
}

TEST(Json, RefusesWrongTypesAndNamesThem) {
  struct Case {
    const char* json;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {R"({"spec":{"nodeName":7}})", "json: cannot unmarshal number into Go struct field Pod.spec.nodeName of type string"},
           {R"({"spec":{"containers":{}}})", "json: cannot unmarshal object into Go struct field Pod.spec.containers of type []v1.Container"},
           {R"({"spec":{"hostNetwork":"yes"}})", "json: cannot unmarshal string into Go struct field Pod.spec.hostNetwork of type bool"},
           {R"({"spec":{"priority":99999999999}})", "json: cannot unmarshal number into Go struct field Pod.spec.priority of type int32"},
           {R"({"spec":{"priority":1.5}})", "json: cannot unmarshal number into Go struct field Pod.spec.priority of type int32"},
       }) {
    const auto decoded = pod(c.json);
    ASSERT_FALSE(decoded.ok()) << c.json;
    EXPECT_EQ(decoded.error().message, c.message);
  }
}

TEST(Json, RefusesMalformedTextEverywhere) {
  for (const char* json : {"", "{", "[]", "7", "{\"spec\":{\"nodeName\":\"a\"}", R"({"spec":}})", R"({"unknown":[1 2]})", R"({"unknown":{"a":tru}})",
                           R"({"metadata":{"managedFields":[{"fieldsV1":{"a":[1,}}]}})", R"({"spec":{}} x)", "{\"metadata\":{\"name\":\"\xff\"}}", R"({"unknown":"\q"})"})
    EXPECT_FALSE(pod(json).ok()) << json;
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "{\"a\":";
  EXPECT_FALSE(pod(deep).ok());
}

TEST(Json, NullLeavesFieldsUnset) {
  const auto decoded = pod(R"({"metadata":{"name":null,"creationTimestamp":null,"labels":null},"spec":{"containers":null,"priority":null,"affinity":null,"hostNetwork":null}})");
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_TRUE(semantically_equal(**decoded, corev1::Pod()));
}

TEST(Json, CanonicalisesQuantities) {
  const auto decoded = pod(R"({"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"1000m","memory":1024,"x":"0.5Gi"}}}]}})");
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  const auto& requests = static_cast<const corev1::Pod&>(**decoded).spec.containers[0].resources.requests;
  EXPECT_EQ(requests.get("cpu").text, "1");
  EXPECT_EQ(requests.get("memory").text, "1024");
  EXPECT_EQ(requests.get("x").text, "512Mi");
}

TEST(Json, WritesWhatUpstreamWritesForEmptyObjects) {
  EXPECT_EQ(to_json(corev1::Pod()), R"({"kind":"Pod","apiVersion":"v1","metadata":{},"spec":{"containers":null},"status":{}})");
  EXPECT_EQ(to_json(corev1::ConfigMap()), R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{}})");
}

TEST(Json, EscapesAsGoDoes) {
  std::string out;
  append_json_string("a\"\\\n\x01<&>\xe2\x80\xa8\xc3\xa9", out);
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\u0001\\u003c\\u0026\\u003e\\u2028\xc3\xa9\"");
}

TEST(Json, ReadsEscapesAndWhiteSpaceWhereverTheyStand) {
  const auto decoded = pod("\n{ \"metadata\" : {\"na\\u006de\": \"a\\\"b\"\t,\r\n\"labels\" :{ \"k\\u0041\" :\"\" , \"\\\\\":\"\\\\\" } , "
                           "\"finalizers\":[ \"long enough for the heap \\ud83d\\ude00\" , \"plain\\n\"\n]  } ,\"spec\": { \"priority\" : -7 } }  ");
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  const auto& typed = static_cast<const corev1::Pod&>(**decoded);
  EXPECT_EQ(typed.metadata.name, "a\"b");
  EXPECT_EQ(typed.metadata.labels.size(), 2u);
  EXPECT_EQ(typed.metadata.labels.get("\\"), "\\");
  EXPECT_TRUE(typed.metadata.labels.get("kA").is_set());
  ASSERT_EQ(typed.metadata.finalizers.size(), 2u);
  EXPECT_EQ(typed.metadata.finalizers[0], "long enough for the heap \xf0\x9f\x98\x80");
  EXPECT_EQ(typed.metadata.finalizers[1], "plain\n");
  EXPECT_EQ(*typed.spec.priority, -7);
}

TEST(Json, KeepsRawValuesAsTheyAreButCompact) {
  const auto decoded = pod(R"({"metadata":{"managedFields":[{"fieldsV1": { "a" : [ 1, 2.50, {"b c": "\u0041 \" x"} ] } , "manager":"m"},{"fieldsV1":null}]}})");
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  const auto& fields = (*decoded)->metadata.managedFields;
  ASSERT_EQ(fields.size(), 2u);
  EXPECT_EQ(fields[0].fieldsV1.json, R"({"a":[1,2.50,{"b c":"\u0041 \" x"}]})");
  EXPECT_EQ(fields[0].manager, "m");
  EXPECT_FALSE(fields[1].fieldsV1);
}

TEST(Json, SortsMapsAndKeepsTheLastOfEqualKeys) {
  const auto decoded = pod(R"({"metadata":{"labels":{"c":"3","a":"old","b":"2","a":"a value that is longer than fifteen characters"}}})");
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  std::string seen;
  for (const auto& [key, value] : (*decoded)->metadata.labels) seen += key.str() + "=" + value.str() + ";";
  EXPECT_EQ(seen, "a=a value that is longer than fifteen characters;b=2;c=3;");
}

// Inserting each key in its place would take minutes for a body within the limits.
TEST(Maps, OfManyUnsortedKeysAreReadQuickly) {
  constexpr int count = 200000;
  std::string json = R"({"data":{)", message;
  for (int i = count; i-- > 0;) {
    const std::string key = std::to_string(10000000 + i);
    json += "\"" + key + "\":\"\"" + (i ? "," : "}}");
    message += std::string("\x12\x0c\x0a\x08") + key + std::string("\x12\x00", 2);
  }
  corev1::ConfigMap from_json, from_wire;
  ASSERT_TRUE(decode_json_into(corev1::ConfigMap::info(), &from_json, json).ok());
  ASSERT_TRUE(decode_protobuf_into(corev1::ConfigMap::info(), &from_wire, message).ok());
  EXPECT_EQ(from_json.data.size(), std::size_t{count});
  EXPECT_TRUE(semantically_equal(from_json, from_wire));
  EXPECT_TRUE(std::is_sorted(from_json.data.begin(), from_json.data.end(), [](const auto& a, const auto& b) { return a.key < b.key; }));
}

TEST(Json, PeeksTheKind) {
  const auto meta = peek_type_meta(R"({"spec":{"kind":"x"},"kind":"Pod","apiVersion":"v1","rest":{}})");
  ASSERT_TRUE(meta.ok()) << meta.error().message;
  EXPECT_EQ(meta->kind, "Pod");
  EXPECT_EQ(meta->api_version, "v1");
  EXPECT_FALSE(peek_type_meta(R"({"kind":7})").ok());
}

TEST(Lists, SurviveBothWires) {
  ObjectList list;
  list.metadata.resourceVersion = "42";
  for (const char* name : {"a", "b"}) {
    auto map = std::make_shared<corev1::ConfigMap>();
    map->metadata.name = name;
    list.items.push_back(map);
  }
  std::string items, json;
  const ListFrame frame = json_list_frame(corev1::ConfigMap::info(), list.metadata);
  json = frame.head;
  for (const ObjectPtr& item : list.items) {
    std::string message;
    encode_protobuf_message(item->type(), item.get(), message);
    items += protobuf_item_prefix(message.size()) + message;
    if (item != list.items.front()) json += frame.separator;
    encode_json(*item, json);
  }
  json += frame.tail;
  const std::string wire = protobuf_list_head(corev1::ConfigMap::info(), list.metadata, items.size()) + items;
  for (const auto& decoded : {decode_list_protobuf(corev1::ConfigMap::info(), wire), decode_list_json(corev1::ConfigMap::info(), json)}) {
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    EXPECT_EQ(decoded->metadata.resourceVersion, "42");
    ASSERT_EQ(decoded->items.size(), 2u);
    EXPECT_EQ(decoded->items[1]->metadata.name, "b");
  }
}

TEST(Times, BeyondTheClockBecomeTheNearestItCanName) {
  const auto year = [](std::int64_t seconds) {
    return format_time(Time{seconds, 0, true}.wall()).substr(0, 5);
  };
  EXPECT_EQ(year(INT64_MAX), "2262-");
  EXPECT_EQ(year(INT64_MIN), "1677-");
  EXPECT_EQ(year(0), "1970-");
}

TEST(Strings, OfEverySizeAreWhatTheyWereMadeFrom) {
  const std::string text = "0123456789abcdefghijklmnopqrstuvwxyz";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const std::string exact = text.substr(0, size);  // of its own, so that a sanitizer sees reads past its end
    Str made(exact), copy = made;
    EXPECT_TRUE(made.is_set());
    EXPECT_EQ(made.view(), exact);
    made = Str(std::string_view(text).substr(1, size));
    EXPECT_EQ(copy.view(), exact);
    EXPECT_EQ(copy, Str(exact));
    EXPECT_EQ(copy == made, size == 0);
  }
}

TEST(Fields, EverySlotFindsItsField) {
  for (const PackageInfo* package : all_packages())
    for (const TypeInfo* type : package->types)
      for (const FieldInfo& info : type->json_fields) EXPECT_EQ(type->json_field(info.name, 1000), &info) << type->name << "." << info.name;
}

}  // namespace
}  // namespace plumb::api
