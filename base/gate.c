/*
 * Room, counted under a mutex.
 */
#include "base/gate.h"

#include <pthread.h>

#include "base/mem.h"

struct lk_gate {
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t left;
	size_t room, taken;
};

struct lk_gate *lk_gate_new(size_t room)
{
	struct lk_gate *gate = lk_calloc(1, sizeof(*gate));
	pthread_mutex_init(&gate->mutex, NULL);
	pthread_cond_init(&gate->left, NULL);
	gate->room = room;
	return gate;
}

void lk_gate_free(struct lk_gate *gate)
{
	if (gate) {
		pthread_cond_destroy(&gate->left);
		pthread_mutex_destroy(&gate->mutex);
		lk_free(gate);
	}
}

void lk_gate_enter(struct lk_gate *gate, size_t size)
{
	pthread_mutex_lock(&gate->mutex);
	while (gate->taken > 0 && (gate->taken >= gate->room || size > gate->room - gate->taken)) {
		pthread_cond_wait(&gate->left, &gate->mutex);
	}
	gate->taken += size;
	pthread_mutex_unlock(&gate->mutex);
}

void lk_gate_leave(struct lk_gate *gate, size_t size)
{
	pthread_mutex_lock(&gate->mutex);
	gate->taken -= size;
	pthread_cond_broadcast(&gate->left);
	pthread_mutex_unlock(&gate->mutex);
}
