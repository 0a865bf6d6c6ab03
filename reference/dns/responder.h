// From the bytes of a request to the bytes of its answer, or to the question that others must be asked. One thread each.
//
// Parsing and encoding with ldns takes some microseconds; so answers are kept, by the request's bytes, while the zone stays as it is. What is kept is sent
// under the new request's id. Several addresses go out in turns.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "harness/base/string_map.h"
#include "reference/dns/wire.h"
#include "reference/dns/zone.h"

namespace plumb::dns {

struct Forward {
  std::shared_ptr<const Query> query;
  std::string name;            // to ask for; the query's, or where an alias leads
  std::vector<Record> prefix;  // aliases that lead there
};

struct Outcome {
  enum class Kind : std::uint8_t { silence, reply, forward };
  Kind kind = Kind::silence;
  Type type = Type::a;
  Code code = Code::no_error;
  Forward forward;
};

class Responder {
 public:
  explicit Responder(const Zone& zone) : zone_(zone) {}
  // Fills `reply` where the outcome is one.
  Outcome respond(std::string_view request, bool udp, std::string& reply);

 private:
  struct Kept {
    std::vector<std::string> replies;
    std::size_t next = 0, wanted = 1;
    Type type;
    Code code;
  };
  Outcome work_out(std::string_view request, bool udp, std::string& reply, Kept* kept);
  void keep(std::string_view key, Kept kept);

  const Zone& zone_;
  std::uint64_t generation_ = 0;  // that of `kept_`
  StringMap<Kept> kept_;
  std::size_t kept_bytes_ = 0, turn_ = 0;
};

}  // namespace plumb::dns
