#include "reference/store/store.h"

#include <condition_variable>
#include <mutex>
#include <set>

namespace plumb::store {
namespace {

Txn guarded(std::vector<Guard> guards, Op op) {
  Txn txn;
  txn.guards = std::move(guards);
  txn.ops.push_back(std::move(op));
  return txn;
}
Op put_op(std::string key, Bytes value, LeaseId lease) { return Op{Op::Kind::put, std::move(key), std::move(value), lease}; }
Op remove_op(std::string key) { return Op{Op::Kind::remove, std::move(key), nullptr, 0}; }

Error bad_request(std::string message) { return fail(Code::invalid_argument, std::move(message), reason::bad_request); }

Status check_key(const std::string& key) {
  if (key.empty()) return bad_request("a transaction names an empty key");
  if (key.size() > max_key_bytes)
    return bad_request("a transaction names a key of " + std::to_string(key.size()) + " bytes; the limit is " + std::to_string(max_key_bytes));
  return {};
}

}  // namespace

Txn Txn::create(std::string key, Bytes value, LeaseId lease) { return update(std::move(key), std::move(value), 0, lease); }
Txn Txn::update(std::string key, Bytes value, Revision expected, LeaseId lease) {
  std::vector<Guard> guards{{key, expected}};
  return guarded(std::move(guards), put_op(std::move(key), std::move(value), lease));
}
Txn Txn::remove(std::string key, Revision expected) {
  std::vector<Guard> guards{{key, expected}};
  return guarded(std::move(guards), remove_op(std::move(key)));
}
Txn Txn::put(std::string key, Bytes value, LeaseId lease) { return guarded({}, put_op(std::move(key), std::move(value), lease)); }
Txn Txn::remove(std::string key) { return guarded({}, remove_op(std::move(key))); }

Result<TxnResponse> Store::txn(Txn txn) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable ready;
    std::optional<Result<TxnResponse>> result;
  };
  auto answer = std::make_shared<Answer>();
  this->txn(std::move(txn), [answer](Result<TxnResponse> result) {
    std::lock_guard lock(answer->mutex);
    answer->result.emplace(std::move(result));
    answer->ready.notify_one();
  });
  std::unique_lock lock(answer->mutex);
  answer->ready.wait(lock, [&] { return answer->result.has_value(); });
  return std::move(*answer->result);
}

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

Status check(const Txn& txn) {
  if (txn.ops.size() > max_txn_ops || txn.guards.size() > max_txn_ops)
    return bad_request("a transaction has more than " + std::to_string(max_txn_ops) + " operations or guards");
  for (const Guard& guard : txn.guards) PLUMB_TRY(check_key(guard.key));
  std::set<std::string_view> keys;
  for (const Op& op : txn.ops) {
    PLUMB_TRY(check_key(op.key));
    if (!keys.insert(op.key).second) return bad_request("a transaction changes key " + op.key + " twice");
    if (op.kind == Op::Kind::remove) continue;
    if (!op.value) return bad_request("a transaction puts no value at key " + op.key);
    if (op.value->size() > max_value_bytes)
      return fail(Code::invalid_argument,
                  "the value for key " + op.key + " has " + std::to_string(op.value->size()) + " bytes; the limit is " + std::to_string(max_value_bytes),
                  reason::too_large);
  }
  return {};
}

}  // namespace plumb::store
