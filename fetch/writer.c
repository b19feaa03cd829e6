/*
 * The queue between the thread that receives and the one that writes and hashes.
 */
#include "fetch/writer.h"

#include <pthread.h>

#include "base/fs.h"
#include "base/workers.h"

#define BLOCK_SIZE ((size_t)256 << 10)
#define QUEUE_BLOCKS 16

struct lk_writer_block {
	struct lk_writer_block *next;
	struct lk_writer_file *file;
	size_t len;
	unsigned char bytes[BLOCK_SIZE];
};

struct lk_writer {
	int (*receive)(void *ctx, struct lk_error *err);
	void *ctx;
	pthread_t receiver;
	bool received;   /* the receiver's own: it has been called */
	size_t n_blocks; /* one for each file to be filled, and those that can be queued */
	struct lk_writer_block *blocks;
	pthread_mutex_t mutex; /* guards what follows, and `queued`, `rc`, `error` of the files */
	pthread_cond_t changed;
	struct lk_writer_block *free;
	struct lk_writer_block *first;
	struct lk_writer_block **last; /* where the next queued block is hung */
	bool busy;                     /* somebody is working on a block: order is kept */
	bool finished;
};

struct lk_writer *lk_writer_new(size_t max_files)
{
	struct lk_writer *writer = lk_calloc(1, sizeof(*writer));
	writer->n_blocks = max_files + QUEUE_BLOCKS;
	writer->blocks = lk_calloc(writer->n_blocks, sizeof(*writer->blocks));
	pthread_mutex_init(&writer->mutex, NULL);
	pthread_cond_init(&writer->changed, NULL);
	return writer;
}

void lk_writer_free(struct lk_writer *writer)
{
	if (!writer) {
		return;
	}
	pthread_cond_destroy(&writer->changed);
	pthread_mutex_destroy(&writer->mutex);
	lk_free(writer->blocks);
	lk_free(writer);
}

static void give_back(struct lk_writer *writer, struct lk_writer_block *block)
{
	block->next = writer->free;
	writer->free = block;
}

/* Hashes and writes BLOCK. */
static int work_on(const struct lk_writer_block *block, struct lk_error *err)
{
	const struct lk_writer_file *file = block->file;
	lk_digest_update(file->digest, block->bytes, block->len);
	if (file->second) {
		lk_digest_update(file->second, block->bytes, block->len);
	}
	return lk_fs_write_all(file->fd, block->bytes, block->len, file->name, err);
}

/* With the mutex held, which is let go meanwhile: works on the first block of the queue. */
static void work_on_first(struct lk_writer *writer)
{
	struct lk_writer_block *block = writer->first;
	struct lk_writer_file *file = block->file;
	struct lk_error error = LK_ERROR_INIT;
	int rc = file->rc;
	writer->first = block->next;
	if (!writer->first) {
		writer->last = &writer->first;
	}
	writer->busy = true;
	pthread_mutex_unlock(&writer->mutex);
	rc = rc < 0 ? rc : work_on(block, &error);
	pthread_mutex_lock(&writer->mutex);
	if (rc < 0 && file->rc == 0) {
		file->rc = rc;
		file->error = error;
	}
	file->queued--;
	give_back(writer, block);
	writer->busy = false;
	pthread_cond_broadcast(&writer->changed);
}

/* One step towards whatever is waited for, with the mutex held. */
static void step(struct lk_writer *writer)
{
	if (writer->first && !writer->busy) {
		work_on_first(writer);
	} else {
		pthread_cond_wait(&writer->changed, &writer->mutex);
	}
}

static void set_finished(struct lk_writer *writer)
{
	pthread_mutex_lock(&writer->mutex);
	writer->finished = true;
	pthread_cond_broadcast(&writer->changed);
	pthread_mutex_unlock(&writer->mutex);
}

static void help(struct lk_writer *writer)
{
	pthread_mutex_lock(&writer->mutex);
	while (!writer->finished) {
		step(writer);
	}
	pthread_mutex_unlock(&writer->mutex);
}

/* The calling thread receives. If it comes by again, no other thread was to be had: done. */
static int run_role(void *ctx, size_t index, struct lk_error *err)
{
	struct lk_writer *writer = ctx;
	(void)index;
	if (!pthread_equal(pthread_self(), writer->receiver)) {
		help(writer);
		return 0;
	}
	if (writer->received) {
		return 0;
	}
	writer->received = true;
	int rc = writer->receive(writer->ctx, err);
	set_finished(writer);
	return rc;
}

int lk_writer_run(struct lk_writer *writer, int (*receive)(void *ctx, struct lk_error *err),
	void *ctx, struct lk_error *err)
{
	writer->receive = receive;
	writer->ctx = ctx;
	writer->receiver = pthread_self();
	writer->received = false;
	writer->finished = false;
	writer->free = NULL;
	writer->first = NULL;
	writer->last = &writer->first;
	for (size_t i = 0; i < writer->n_blocks; i++) {
		give_back(writer, &writer->blocks[i]);
	}
	/* Two workers, of which this thread is one: each takes one of two indices, this one
	 * receives. */
	return lk_workers_run(2, 2, run_role, writer, err);
}

static void queue(struct lk_writer *writer, struct lk_writer_file *file)
{
	struct lk_writer_block *block = file->filling;
	file->filling = NULL;
	block->next = NULL;
	*writer->last = block;
	writer->last = &block->next;
	file->queued++;
	pthread_cond_broadcast(&writer->changed);
}

/* Hangs the full block into the queue and waits for an empty one. */
static int next_block(struct lk_writer *writer, struct lk_writer_file *file, struct lk_error *err)
{
	pthread_mutex_lock(&writer->mutex);
	if (file->filling) {
		queue(writer, file);
	}
	while (!writer->free) {
		step(writer);
	}
	file->filling = writer->free;
	writer->free = file->filling->next;
	file->filling->file = file;
	file->filling->len = 0;
	int rc = file->rc;
	if (rc < 0) {
		*err = file->error;
	}
	pthread_mutex_unlock(&writer->mutex);
	return rc;
}

int lk_writer_put(struct lk_writer *writer, struct lk_writer_file *file, const void *bytes,
	size_t len, struct lk_error *err)
{
	const unsigned char *from = bytes;
	while (len > 0) {
		if (!file->filling || file->filling->len == BLOCK_SIZE) {
			int rc = next_block(writer, file, err);
			if (rc < 0) {
				return rc;
			}
		}
		struct lk_writer_block *block = file->filling;
		size_t part = len < BLOCK_SIZE - block->len ? len : BLOCK_SIZE - block->len;
		memcpy(block->bytes + block->len, from, part);
		block->len += part;
		from += part;
		len -= part;
	}
	return 0;
}

/* With the mutex held: of a small file, all of which is in one block. Handing that over would take
 * longer than the work. */
static void finish_here(struct lk_writer *writer, struct lk_writer_file *file)
{
	struct lk_writer_block *block = file->filling;
	file->filling = NULL;
	pthread_mutex_unlock(&writer->mutex);
	int rc = work_on(block, &file->error);
	pthread_mutex_lock(&writer->mutex);
	file->rc = rc;
	give_back(writer, block); /* which only this thread ever waits for */
}

int lk_writer_drain(struct lk_writer *writer, struct lk_writer_file *file, struct lk_error *err)
{
	pthread_mutex_lock(&writer->mutex);
	if (file->filling && file->queued == 0 && file->rc == 0) {
		finish_here(writer, file);
	} else if (file->filling) {
		queue(writer, file);
	}
	while (file->queued > 0) {
		step(writer);
	}
	int rc = file->rc;
	if (rc < 0) {
		*err = file->error;
	}
	file->rc = 0;
	pthread_mutex_unlock(&writer->mutex);
	return rc;
}
