#include "reference/dns/responder.h"

#include <algorithm>

namespace plumb::dns {
namespace {

constexpr std::size_t id_size = 2, longest_kept_request = 512, most_kept_bytes = 4 << 20, most_turns = 8, overhead = 160;

bool is_address(const Record& record) { return record.type == Type::a || record.type == Type::aaaa; }

// In how many orders the answer is given: addresses begin with another one each time, so that clients that take the first spread.
std::size_t turns_of(const Answer& answer) {
  return std::clamp<std::size_t>(static_cast<std::size_t>(std::count_if(answer.answers.begin(), answer.answers.end(), is_address)), 1, most_turns);
}

void turn(Answer& answer, std::size_t by) {
  const auto first = std::find_if(answer.answers.begin(), answer.answers.end(), is_address);
  const auto count = static_cast<std::size_t>(answer.answers.end() - first);
  if (count > 1) std::rotate(first, first + static_cast<std::ptrdiff_t>(by % count), answer.answers.end());
}

}  // namespace

Outcome Responder::respond(std::string_view request, bool udp, std::string& reply) {
  const bool keepable = udp && request.size() > id_size && request.size() <= longest_kept_request;
  if (const std::uint64_t now = zone_.generation(); now != generation_) {
    kept_.clear();
    kept_bytes_ = 0;
    generation_ = now;
  }
  const std::string_view key = keepable ? request.substr(id_size) : std::string_view();
  const auto found = keepable ? kept_.find(key) : kept_.end();
  if (found == kept_.end()) {
    Kept kept;
    const Outcome outcome = work_out(request, udp, reply, keepable ? &kept : nullptr);
    if (!kept.replies.empty()) keep(key, std::move(kept));
    return outcome;
  }
  Kept& kept = found->second;
  if (kept.replies.size() < kept.wanted) {
    const Outcome outcome = work_out(request, udp, reply, nullptr);
    kept.replies.push_back(reply);
    kept_bytes_ += reply.size();
    return outcome;
  }
  reply = kept.replies[kept.next++ % kept.replies.size()];
  reply.replace(0, id_size, request.substr(0, id_size));
  return {Outcome::Kind::reply, kept.type, kept.code, {}};
}

// `kept` is filled where the answer is good for the same question of anybody.
Outcome Responder::work_out(std::string_view request, bool udp, std::string& reply, Kept* kept) {
  Parsed parsed = parse_query(request);
  reply = std::move(parsed.reply);
  if (!parsed.query) return {reply.empty() ? Outcome::Kind::silence : Outcome::Kind::reply, Type{}, Code::format_error, {}};
  Answer answer = zone_.answer(parsed.query->question);
  Outcome outcome{Outcome::Kind::forward, parsed.query->question.type, answer.code, {}};
  if (answer.from == Answer::From::elsewhere || answer.continued_at) {
    outcome.forward.name = answer.continued_at.value_or(parsed.query->question.name);
    outcome.forward.prefix = std::move(answer.answers);
    outcome.forward.query = std::make_shared<const Query>(std::move(*parsed.query));
    return outcome;
  }
  outcome.kind = Outcome::Kind::reply;
  turn(answer, turn_++);
  reply = encode(*parsed.query, answer, udp ? parsed.query->largest : largest_message);
  if (kept && answer.from == Answer::From::here) *kept = {{reply}, 0, turns_of(answer), outcome.type, outcome.code};
  return outcome;
}

void Responder::keep(std::string_view key, Kept kept) {
  const std::size_t size = key.size() + kept.replies.front().size() + overhead;
  if (kept_bytes_ + size > most_kept_bytes) {
    kept_.clear();
    kept_bytes_ = 0;
  }
  kept_bytes_ += size;
  kept_.emplace(key, std::move(kept));
}

}  // namespace plumb::dns
